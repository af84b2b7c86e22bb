/** The keys of a live view, as a state that each key changes. */
import type * as Terminal from "@effect/platform/Terminal"
import * as Option from "effect/Option"
import type { Line } from "./display.js"
import { clean, measureWidth } from "./text.js"

export interface Controls {
  /** A paused log is drawn as it was at that time. */
  readonly isPaused: boolean
  /** The text that a line of the log must contain. */
  readonly filter: string
  /** True while keys edit the filter. */
  readonly isTyping: boolean
  readonly isHelpShown: boolean
  /** The number of hidden lines after the last shown one. */
  readonly scrolled: number
}

export const initial: Controls = { isPaused: false, filter: "", isTyping: false, isHelpShown: false, scrolled: 0 }

/** A key: its characters or names, its name in the help, what it does, and the state after it. None ends the view. */
type Binding = readonly [
  keys: ReadonlyArray<string>,
  name: string,
  help: string,
  press: (self: Controls) => Option.Option<Controls>
]

/** A log that is scrolled is paused: otherwise the lines would move away. */
const scroll = (by: number) => (self: Controls) => {
  const scrolled = Math.max(0, self.scrolled + by)
  return Option.some({ ...self, scrolled, isPaused: scrolled > 0 || (self.isPaused && by > 0) })
}

const change = (to: (self: Controls) => Partial<Controls>) => (self: Controls) => Option.some({ ...self, ...to(self) })

export const bindings: ReadonlyArray<Binding> = [
  [["p", " "], "p", "pauses the log, or resumes it", change(({ isPaused }) => ({ isPaused: !isPaused, scrolled: 0 }))],
  [
    ["/", "f"],
    "/",
    "filters the log: typing, #3 for a shard, or #3 typing for both",
    change(() => ({ isTyping: true, isHelpShown: false, scrolled: 0 }))
  ],
  [["up", "k"], "up, k", "scrolls the log back, and pauses it", scroll(1)],
  [["down", "j"], "down, j", "scrolls the log forward", scroll(-1)],
  [["pageup"], "PgUp", "scrolls back by ten lines", scroll(10)],
  [["pagedown"], "PgDn", "scrolls forward by ten lines", scroll(-10)],
  [
    ["escape"],
    "Esc",
    "clears the filter, or closes this help",
    change(({ filter, isHelpShown }) => ({ isHelpShown: false, filter: isHelpShown ? filter : "" }))
  ],
  [["?"], "?", "shows this help, or closes it", change(({ isHelpShown }) => ({ isHelpShown: !isHelpShown }))],
  [["q"], "q", "quits", () => Option.none()]
]

const type = (self: Controls, { input, key }: Terminal.UserInput): Controls => {
  switch (key.name) {
    case "return":
    case "enter":
      return { ...self, isTyping: false }
    case "escape":
      return { ...self, filter: "", isTyping: false }
    case "backspace":
      return { ...self, filter: Array.from(self.filter).slice(0, -1).join("") }
    default: {
      const text = Option.getOrElse(input, () => "")
      return key.ctrl || key.meta || (clean(text) === "" && text !== " ")
        ? self
        : { ...self, filter: self.filter + text }
    }
  }
}

/** The state after a key; none ends the view. */
export const press = (self: Controls, pressed: Terminal.UserInput): Option.Option<Controls> => {
  if (self.isTyping) {
    return Option.some(type(self, pressed))
  }
  const input = Option.getOrElse(pressed.input, () => "")
  const [, , , change] = bindings.find(([keys]) => keys.includes(input) || keys.includes(pressed.key.name)) ?? []
  return change === undefined ? Option.some(self) : change(self)
}

/**
 * Returns true for a line that contains the filter, in upper or lower case. A filter that begins with a shard, such as `#3` or `#3 ready`,
 * selects the lines of that shard.
 */
export const shows = ({ filter }: Controls, { origin, shard, text, title }: Line): boolean => {
  const [, only, words = filter] = /^#(\d+)(?:$| +)(.*)$/.exec(filter) ?? []
  return (only === undefined || shard === Number(only)) &&
    `${origin} ${title} ${text}`.toLowerCase().includes(words.toLowerCase())
}

/** The first of the texts that fits; the last if none does. */
const firstFitting = (columns: number, texts: readonly [string, ...Array<string>]): string =>
  texts.find((text) => measureWidth(text) <= columns) ?? texts[texts.length - 1] ?? texts[0]

/** The line with the keys. `searched` describes the lines that a filter searches. */
export const footer = (self: Controls, searched: string, columns: number): string => {
  const { filter, isPaused } = self
  const join = (...parts: ReadonlyArray<string>) => parts.filter((part) => part !== "").join("   ")
  const [help, quits] = ["? help", "q quits"]
  if (self.isTyping) {
    const paused = isPaused ? "PAUSED" : ""
    return firstFitting(columns, [
      join(paused, `filter ${searched}: ${filter}_`, "Enter keeps it, Esc clears it"),
      join(paused, `filter ${searched}: ${filter}_`),
      join(paused, `filter: ${filter}_`)
    ])
  }
  const paused = isPaused ? "PAUSED, p resumes" : "p pauses"
  const always = isPaused ? paused : ""
  return filter === ""
    ? firstFitting(columns, [join(paused, "/ filters", help, quits), join(paused, help, quits), join(paused, help)])
    : firstFitting(columns, [
      join(paused, `filter: ${filter}, Esc clears it`, help, quits),
      join(always, `filter: ${filter}, Esc clears it`, help),
      join(always, `filter: ${filter}, Esc clears it`),
      join(always, `filter: ${filter}`)
    ])
}
