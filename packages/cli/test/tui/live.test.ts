import type * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Controls from "../../src/tui/controls.js"
import * as Live from "../../src/tui/live.js"

const key = (name: string): Terminal.UserInput => ({
  input: Option.some(name),
  key: { name, ctrl: false, meta: false, shift: false }
})

describe("the keys of a view", () => {
  it("keep the log as it was at a pause, through other keys, until it is resumed", () => {
    const [first, second] = ["a", "b"].map((what) => ({ log: [], searched: { lines: [], what } }))
    const view: Live.Keyed = { controls: Controls.initial, paused: undefined }
    let log = first ?? assert.fail()
    const press = (name: string) => Live.press(view, key(name), log)
    assert.isFalse(press("p"))
    log = second ?? assert.fail()
    press("/")
    press("x")
    assert.strictEqual(view.paused, first)
    press("escape")
    press("p")
    assert.isUndefined(view.paused)
    press("p")
    assert.strictEqual(view.paused, second)
    assert.isTrue(press("q"))
  })
})
