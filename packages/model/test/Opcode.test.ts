import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { GatewayOpcodes } from "discord-api-types/v10"
import * as Opcode from "../src/Opcode.js"

describe("opcodes", () => {
  it("are those that discord-api-types knows, and more that are newer", () => {
    const theirs = Object.values(GatewayOpcodes).filter((value) => typeof value === "number")
    assert.includeMembers([...Opcode.all], theirs)
    assert.deepStrictEqual(Opcode.all, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 31, 43])
  })

  it("are described, and go at least one way", () => {
    for (const opcode of Opcode.all) {
      assert.isNotEmpty(Opcode.describe(opcode))
      assert.isTrue(Opcode.isSent(opcode) || Opcode.isReceived(opcode))
    }
  })

  it("are narrowed to their direction", () => {
    expectTypeOf(Opcode.all.filter(Opcode.isSent)).toEqualTypeOf<Array<Opcode.Sent>>()
    expectTypeOf<Opcode.Received>().toEqualTypeOf<0 | 1 | 7 | 9 | 10 | 11>()
  })
})
