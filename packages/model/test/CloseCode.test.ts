import { assert, describe, it } from "@effect/vitest"
import { GatewayCloseCodes } from "discord-api-types/v10"
import * as Either from "effect/Either"
import * as CloseCode from "../src/CloseCode.js"
import * as CloseFrame from "../src/CloseFrame.js"

/** Discord's table of close codes: the client may reconnect, and may resume. */
const table: ReadonlyArray<readonly [code: number, mayReconnect: boolean, mayResume: boolean]> = [
  [1000, true, true],
  [1001, true, true],
  [1006, true, true],
  [4000, true, true],
  [4001, true, true],
  [4002, true, true],
  [4003, true, false],
  [4004, false, false],
  [4005, true, true],
  [4007, true, false],
  [4008, true, true],
  [4009, true, false],
  [4010, false, false],
  [4011, false, false],
  [4012, false, false],
  [4013, false, false],
  [4014, false, false],
  // Not documented: worth another try.
  [4006, true, true],
  [4999, true, true]
]

describe("close codes", () => {
  for (const [code, mayReconnect, mayResume] of table) {
    it(`${code} ${mayReconnect ? "may" : "must not"} reconnect and ${mayResume ? "may" : "must not"} resume`, () => {
      assert.deepStrictEqual([CloseCode.mayReconnect(code), CloseCode.mayResume(code)], [mayReconnect, mayResume])
    })
  }

  it("are all those that discord-api-types knows", () => {
    const theirs = Object.values(GatewayCloseCodes).filter((code) => typeof code === "number")
    assert.includeMembers(CloseCode.all.map(({ code }) => code), theirs)
  })

  it("have a name and an explanation each, no two the same", () => {
    for (const texts of [CloseCode.all.map(({ name }) => name), CloseCode.all.map(({ explanation }) => explanation)]) {
      assert.isTrue(texts.every((text) => text.length > 5))
      assert.strictEqual(new Set(texts).size, texts.length)
    }
  })

  it("never resume where they must not reconnect", () => {
    assert.deepStrictEqual(CloseCode.all.filter((code) => code.mayResume && !code.mayReconnect), [])
  })
})

describe("the code of a close frame", () => {
  for (const code of [1000, 1001, 1003, 1007, 1014, 3000, 4000, 4999]) {
    it(`may be ${code}`, () => assert.isTrue(CloseCode.hasFrame(code)))
  }

  // Without a code, without a frame, and without TLS; then codes that are reserved, undefined or no integers.
  for (const code of [1005, 1006, 1015, 999, 1004, 1016, 2999, 5000, 4000.5, Number.NaN]) {
    it(`is never ${code}`, () => assert.isFalse(CloseCode.hasFrame(code)))
  }
})

describe("a close frame", () => {
  const refused: ReadonlyArray<readonly [code: number, reason: string]> = [
    [999, ""],
    [1002, ""],
    [1005, ""],
    [1006, ""],
    [2999, ""],
    [5000, ""],
    [4000.5, ""],
    [4000, "x".repeat(124)],
    [4000, "é".repeat(62)]
  ]
  for (const [code, reason] of refused) {
    it(`of ${code} with a reason of ${Buffer.byteLength(reason)} bytes cannot be sent`, () => {
      assert.isTrue(Either.isLeft(CloseFrame.make(code, reason)))
    })
  }

  it("has constants that end the session and that keep it, which both can be sent", () => {
    assert.deepStrictEqual([CloseFrame.NORMAL, CloseFrame.RESUME].map(({ code }) => code), [1000, 4000])
    assert.deepStrictEqual([CloseFrame.NORMAL, CloseFrame.RESUME].map(CloseFrame.intent), ["EndSession", "KeepSession"])
    for (const { code, reason } of [CloseFrame.NORMAL, CloseFrame.RESUME]) {
      assert.isTrue(Either.isRight(CloseFrame.make(code, reason)))
    }
  })

  it("keeps the session unless its code is 1000 or 1001", () => {
    for (const code of [1000, 1001, 3000, 4000, 4900, 4999]) {
      const frame = Either.getOrThrow(CloseFrame.make(code, "x".repeat(123)))
      assert.strictEqual(CloseFrame.intent(frame), code < 1002 ? "EndSession" : "KeepSession")
    }
    assert.strictEqual(CloseFrame.intent(CloseFrame.fromIntent("EndSession")), "EndSession")
    assert.strictEqual(CloseFrame.intent(CloseFrame.fromIntent("KeepSession")), "KeepSession")
  })
})
