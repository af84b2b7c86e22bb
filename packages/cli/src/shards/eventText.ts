/** An event in a few words. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"
import { clean } from "../tui/index.js"

/** The first path that holds a text describes the event. Paths, because a malformed event must not end the view. */
const paths: ReadonlyArray<readonly [prefix: string, ...path: ReadonlyArray<string>]> = [
  ["session ", "session_id"],
  ["", "content"],
  ["", "name"],
  // The command of an interaction, or its component or modal.
  ["", "data", "name"],
  ["", "data", "custom_id"],
  ["", "emoji", "name"],
  ["", "nick"],
  ["is ", "status"],
  ["", "role", "name"],
  ["", "user", "username"],
  ["", "message_id"],
  ["", "id"]
]

const authorPaths: ReadonlyArray<ReadonlyArray<string>> = [
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

/** The author, if there is one, and the content. */
export const describe = ({ d }: Dispatch.Dispatch): string => {
  const author = authorPaths.map((path) => textAt(d, path)).find(Predicate.isNotUndefined)
  const [prefix = "", ...path] = paths.find(([, ...path]) => textAt(d, path) !== undefined) ?? []
  const content = path.length === 0 ? undefined : `${prefix}${textAt(d, path)}`
  return [author, content].filter((part, i, parts) => part !== undefined && parts.indexOf(part) === i).join(": ")
}

/** The name in the protocol, also of events that this version does not know. */
export const eventName = (event: Dispatch.Dispatch): string =>
  event.t === "UnknownDispatch" ? clean(event.name) : event.t
