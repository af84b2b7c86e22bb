/**
 * What the keys of a live view do: a value that each key changes.
 *
 * @since 0.1.0
 */
import type * as Terminal from "@effect/platform/Terminal"
import * as Option from "effect/Option"
import { clean } from "./internal/text.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Controls {
  /** The log stands still: the view draws it as it was when this began. */
  readonly isPaused: boolean
  /** What a line of the log must contain. */
  readonly filter: string
  /** Whether the keys go into the filter now. */
  readonly isTyping: boolean
}

/**
 * @since 0.1.0
 * @category constants
 */
export const initial: Controls = { isPaused: false, filter: "", isTyping: false }

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

/**
 * What a key makes of it; none ends the view. `p` stops and starts the log, `/` or `f` begins a filter that Enter ends
 * and Escape takes away, `q` quits.
 *
 * @since 0.1.0
 * @category combinators
 */
export const press = (self: Controls, key: Terminal.UserInput): Option.Option<Controls> => {
  if (self.isTyping) {
    return Option.some(type(self, key))
  }
  switch (Option.getOrElse(key.input, () => "")) {
    case "q":
      return Option.none()
    case "p":
    case " ":
      return Option.some({ ...self, isPaused: !self.isPaused })
    case "/":
    case "f":
      return Option.some({ ...self, isTyping: true })
    default:
      return Option.some(key.key.name === "escape" ? { ...self, filter: "" } : self)
  }
}

/**
 * A line of a log, as far as a filter looks at it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly shard: number | undefined
  readonly text: string
}

/**
 * Whether a line of the log is shown: it contains the filter in any case. A filter that begins with a shard, such as
 * `#3` or `#3 ready`, takes lines of that shard only.
 *
 * @since 0.1.0
 * @category guards
 */
export const shows = (self: Controls, { shard, text }: Line): boolean => {
  const [, only, words = self.filter] = /^#(\d+)(?:$| +)(.*)$/.exec(self.filter) ?? []
  return (only === undefined || shard === Number(only)) && text.toLowerCase().includes(words.toLowerCase())
}

/**
 * The line that says which keys there are.
 *
 * @since 0.1.0
 * @category rendering
 */
export const footer = (self: Controls): string =>
  self.isTyping
    ? `filter: ${self.filter}_   Enter keeps it, Escape takes it away`
    : [
      self.isPaused ? "PAUSED, p goes on" : "p pauses the log",
      self.filter === "" ? "/ filters it" : `filter: ${self.filter}, Escape takes it away`,
      "q quits"
    ].join("   ")
