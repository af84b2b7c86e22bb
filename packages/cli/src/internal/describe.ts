/** What an event says, in a few words. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"
import { clean } from "./text.js"

/**
 * The first of these that holds a text stands for the event. Paths rather than types: a malformed event must not end
 * the view.
 */
const paths: ReadonlyArray<readonly [prefix: string, ...path: ReadonlyArray<string>]> = [
  ["session ", "session_id"],
  ["", "content"],
  ["", "name"],
  ["", "emoji", "name"],
  ["", "nick"],
  ["is ", "status"],
  ["", "role", "name"],
  ["", "user", "username"],
  ["", "message_id"],
  ["", "id"]
]

const whoPaths: ReadonlyArray<ReadonlyArray<string>> = [
  ["author", "username"],
  ["member", "user", "username"],
  ["user", "username"],
  ["user", "id"]
]

const textAt = (data: unknown, path: ReadonlyArray<string>): string | undefined => {
  let value = data
  for (const key of path) {
    value = Predicate.hasProperty(value, key) ? value[key] : undefined
  }
  return typeof value === "string" && value !== "" ? clean(value) : undefined
}

const firstOf = (texts: Iterable<string | undefined>): string | undefined => {
  for (const text of texts) {
    if (text !== undefined) {
      return text
    }
  }
  return undefined
}

/** Who did it, if anybody, and what. */
export const describe = (event: Dispatch.Dispatch): string => {
  const who = firstOf(whoPaths.map((path) => textAt(event.d, path)))
  const what = firstOf(paths.map(([prefix, ...path]) => {
    const text = textAt(event.d, path)
    return text === undefined ? undefined : prefix + text
  }))
  return [who, what].filter((part, i, parts) => part !== undefined && parts.indexOf(part) === i).join(": ")
}

/** The name on the wire, also of events that this version does not know. */
export const nameOf = (event: Dispatch.Dispatch): string => event.t === "UnknownDispatch" ? clean(event.name) : event.t

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`
