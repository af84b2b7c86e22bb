import type * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Controls from "../../src/tui/controls.js"

const key = (input: string): Terminal.UserInput => {
  const names: Readonly<Record<string, string>> = { "\r": "return", "\u001b": "escape", "\u007f": "backspace" }
  return {
    input: Option.some(input),
    key: { name: names[input] ?? input, ctrl: false, meta: false, shift: false }
  }
}

const after = (...keys: ReadonlyArray<string>) =>
  keys.reduce(
    (controls, it) => Option.flatMap(controls, (controls) => Controls.press(controls, key(it))),
    Option.some(Controls.initial)
  )

const pressed: ReadonlyArray<readonly [keys: ReadonlyArray<string>, change: Partial<Controls.Controls>]> = [
  [["p"], { isPaused: true }],
  [["p", "p"], {}],
  [["/", "a", "q", "\u007f", "b"], { isTyping: true, filter: "ab" }],
  [["f", "p", "\r"], { filter: "p" }],
  [["f", "p", "\r", "\u001b"], {}],
  [["f", "p", "\u001b"], {}],
  [["f", "\u0007"], { isTyping: true }],
  [["?"], { isHelpShown: true }],
  [["?", "\u001b"], {}],
  [["k", "k", "j"], { scrolled: 1, isPaused: true }],
  [["k", "j"], {}],
  [["k", "p"], {}],
  [["j"], {}],
  [["x"], {}]
]

const shown: ReadonlyArray<readonly [filter: string, isShown: boolean]> = [
  ["", true],
  ["message", true],
  ["READY", false],
  ["#3", true],
  ["#3 ", true],
  ["#31", false],
  ["#3 create", true],
  ["#3  ready", false],
  ["#", true],
  ["#3x", false]
]

describe("a filter", () => {
  for (const [filter, isShown] of shown) {
    it(`${JSON.stringify(filter)} ${isShown ? "shows" : "hides"} a line of shard 3`, () =>
      assert.strictEqual(
        Controls.shows({ ...Controls.initial, filter }, {
          at: 0,
          shard: 3,
          origin: "#3",
          title: "MESSAGE_CREATE",
          text: "hi",
          tone: "accent"
        }),
        isShown
      ))
  }
})

describe("the line with the keys", () => {
  const typing = { ...Controls.initial, filter: "MESSAGE", isTyping: true }
  const filtered = { ...Controls.initial, filter: "MESSAGE" }
  const paused = { ...filtered, isPaused: true, scrolled: 3 }
  const lines: ReadonlyArray<readonly [controls: Controls.Controls, columns: number, text: string]> = [
    [Controls.initial, 110, "p pauses   / filters   ? help   q quits"],
    [{ ...Controls.initial, isPaused: true }, 40, "PAUSED, p resumes   ? help   q quits"],
    [typing, 110, "filter the last 200 lines: MESSAGE_   Enter keeps it, Esc clears it"],
    [typing, 40, "filter the last 200 lines: MESSAGE_"],
    [typing, 30, "filter: MESSAGE_"],
    [filtered, 40, "filter: MESSAGE, Esc clears it   ? help"],
    [paused, 110, "PAUSED, p resumes   filter: MESSAGE, Esc clears it   ? help   q quits"],
    [paused, 55, "PAUSED, p resumes   filter: MESSAGE, Esc clears it"],
    [paused, 40, "PAUSED, p resumes   filter: MESSAGE"],
    [{ ...paused, isTyping: true }, 40, "PAUSED   filter: MESSAGE_"]
  ]
  for (const [controls, columns, text] of lines) {
    it(`is "${text}" in ${columns} columns`, () =>
      assert.strictEqual(Controls.footer(controls, "the last 200 lines", columns), text))
  }
})

describe("the keys of a live view", () => {
  for (const [keys, change] of pressed) {
    it(`take ${JSON.stringify(keys.join(""))} as ${JSON.stringify(change)}`, () =>
      assert.deepStrictEqual(after(...keys), Option.some({ ...Controls.initial, ...change })))
  }

  it("quit with q, but not while a filter is typed", () => {
    assert.deepStrictEqual(after("q"), Option.none())
    assert.isTrue(Option.isSome(after("/", "q")))
  })
})
