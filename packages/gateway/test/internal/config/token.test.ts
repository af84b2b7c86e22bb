import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Token from "../../../src/internal/config/token.js"

describe("the bot's id in its token", () => {
  const cases: ReadonlyArray<readonly [token: string, id: Option.Option<string>]> = [
    [`${btoa("123456789012345678").replace(/=+$/, "")}.GabcdE.x`, Option.some("123456789012345678")],
    [`Bot ${btoa("1234567890123456789")}.GabcdE.x`, Option.some("1234567890123456789")],
    ["MTE.secret.token", Option.some("11")],
    ["any-token", Option.none()],
    ["", Option.none()]
  ]
  for (const [token, id] of cases) {
    it(`is ${Option.getOrElse(id, () => "unknown")} for the token "${token}"`, () => {
      assert.deepStrictEqual(Token.botId(Redacted.make(token)), id)
    })
  }
})
