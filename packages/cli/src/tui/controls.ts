/** The keys of a live view, as a state that each key changes. */
import type * as Terminal from "@effect/platform/Terminal"
import * as Option from "effect/Option"
import type { Line } from "./display.js"
import { clean } from "./text.js"

export interface Controls {
  /** A paused log is drawn as it was at that time. */
  readonly isPaused: boolean
  /** The text that a line of the log must contain. */
  readonly filter: string
  /** True while keys edit the filter. */
  readonly isTyping: boolean
  readonly isHelpShown: boolean
  /** How many lines after the last shown one are hidden. */
  readonly scrolled: number
}

export const initial: Controls = { isPaused: false, filter: "", isTyping: false, isHelpShown: false, scrolled: 0 }

interface Binding {
  /** Characters, or names of keys. */
  readonly keys: ReadonlyArray<string>
  readonly name: string
  readonly help: string
  /** None ends the view. */
  readonly press: (self: Controls) => Option.Option<Controls>
}

/** A log that is scrolled is paused: otherwise the lines would move away. */
const scroll = (by: number) => (self: Controls) => {
  const scrolled = Math.max(0, self.scrolled + by)
  return Option.some({ ...self, scrolled, isPaused: scrolled > 0 || (self.isPaused && by > 0) })
}

export const bindings: ReadonlyArray<Binding> = [
  {
    keys: ["p", " "],
    name: "p",
    help: "pauses the log, or resumes it",
    press: (self) => Option.some({ ...self, isPaused: !self.isPaused, scrolled: 0 })
  },
  {
    keys: ["/", "f"],
    name: "/",
    help: "filters the log: typing, #3 for a shard, or #3 typing for both",
    press: (self) => Option.some({ ...self, isTyping: true, isHelpShown: false, scrolled: 0 })
  },
  { keys: ["up", "k"], name: "up, k", help: "scrolls the log back, and pauses it", press: scroll(1) },
  { keys: ["down", "j"], name: "down, j", help: "scrolls the log forward", press: scroll(-1) },
  { keys: ["pageup"], name: "PgUp", help: "scrolls back by ten lines", press: scroll(10) },
  { keys: ["pagedown"], name: "PgDn", help: "scrolls forward by ten lines", press: scroll(-10) },
  {
    keys: ["escape"],
    name: "Esc",
    help: "clears the filter, or closes this help",
    press: (self) => Option.some({ ...self, isHelpShown: false, filter: self.isHelpShown ? self.filter : "" })
  },
  {
    keys: ["?"],
    name: "?",
    help: "shows this help, or closes it",
    press: (self) => Option.some({ ...self, isHelpShown: !self.isHelpShown })
  },
  { keys: ["q"], name: "q", help: "quits", press: () => Option.none() }
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
  const binding = bindings.find(({ keys }) => keys.includes(input) || keys.includes(pressed.key.name))
  return binding === undefined ? Option.some(self) : binding.press(self)
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

/** The line with the keys. `searched` describes the lines that a filter searches. */
export const footer = (self: Controls, searched: string): string =>
  self.isTyping
    ? `filter ${searched}: ${self.filter}_   Enter keeps it, Esc clears it`
    : [
      self.isPaused ? "PAUSED, p resumes" : "p pauses",
      self.filter === "" ? "/ filters" : `filter: ${self.filter}, Esc clears it`,
      "? help",
      "q quits"
    ].join("   ")
