import type * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Controls from "../../src/tui/controls.js"
import * as Live from "../../src/tui/live.js"

const key = (name: string): Terminal.UserInput => ({
  input: Option.some(name),
  key: { name, ctrl: false, meta: false, shift: false }
})

describe("the keys of a view", () => {
  it.effect("keep the log as it was at a pause, through other keys, until it goes on", () =>
    Effect.gen(function*() {
      let log = ["a"]
      const view: Live.Keyed<ReadonlyArray<string>> = { controls: Controls.initial, paused: undefined }
      const press = Live.controlled(view, () => log)
      assert.isFalse(yield* press(key("p")))
      log = ["b"]
      yield* press(key("/"))
      yield* press(key("x"))
      assert.deepStrictEqual(view.paused, ["a"])
      yield* press(key("escape"))
      yield* press(key("p"))
      assert.isUndefined(view.paused)
      yield* press(key("p"))
      assert.deepStrictEqual(view.paused, ["b"])
      assert.isTrue(yield* press(key("q")))
    }))
})
