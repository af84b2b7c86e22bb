/** Parses the text of an event, and compares it with its schema if validation is on. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as Opcode from "@vesper/model/Opcode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Mutable } from "effect/Types"
import type * as ShardConfig from "../../../ShardConfig.js"
import * as ShardError from "../../../ShardError.js"
import { PeerText } from "../../wire/index.js"
import { type Entry, toPayload } from "./entry.js"

/** An event, or the error of its parsing. `isFailure` distinguishes them, so that an event is not wrapped. */
export type Parsed = Dispatch.Dispatch | ShardError.DeserializationError

/** Parses an entry, at most once. */
export type Parse = (entry: Entry) => Parsed

/** Returns true if the entry could not be parsed. */
export const isFailure = (parsed: Parsed): parsed is ShardError.DeserializationError =>
  parsed instanceof ShardError.DeserializationError

const failed = (eventType: string, cause: unknown) =>
  new ShardError.DeserializationError({ eventType: Option.some(eventType), cause })

/**
 * Makes the same plain object as a literal. V8 allocates the objects of a literal in its old generation once many of them outlive a
 * collection, as events do that a fiber handles, and each then keeps its body until the next full collection. Objects of a
 * constructor are not subject to that.
 */
const Payload = function(this: Mutable<Dispatch.Payload>, t: string, s: number, d: unknown): void {
  this.op = Opcode.Dispatch
  this.t = t
  this.s = s
  this.d = d
  // TypeScript accepts only classes as constructors, and the prototype of a class cannot be replaced.
} as unknown as new(t: string, s: number, d: unknown) => Dispatch.Payload
Payload.prototype = Object.prototype

const parsePayload: Parse = (entry) => {
  try {
    // The envelope was read before. The body is trusted to have Discord's fields, unless validation is on.
    return Dispatch.fromPayload(JSON.parse(toPayload(entry)) as Dispatch.Payload)
  } catch (cause) {
    // The message of a SyntaxError quotes the text.
    return failed(entry.t, PeerText.toError(cause))
  }
}

const parseText: Parse = (entry) => {
  if (entry.isBody) {
    try {
      return Dispatch.fromPayload(new Payload(entry.t, entry.s, JSON.parse(entry.text)))
    } catch {
      // Most likely the payload has text after the body, so that only the whole payload shows the error.
    }
  }
  return parsePayload(entry)
}

/** Parses an entry on first demand. Readers share the result. */
export const parse: Parse = (entry) => entry.parsed ??= parseText(entry)

/** Returns a parser that also compares the bodies of some events with their schemas. An undocumented event has no schema. */
export const make = (validate: ShardConfig.Validate): Effect.Effect<Parse> => {
  if (validate === "none" || validate.length === 0) {
    return Effect.succeed(parse)
  }
  const checked = new Set<string>(validate === "all" ? EventType.all : validate)
  // Loaded on demand, because the schemas take a sixth of a shard's start.
  return Effect.map(Effect.promise(() => import("@vesper/model/EventSchema")), (EventSchema) => (entry) => {
    const event = parse(entry)
    if (entry.isChecked || isFailure(event) || event.t === "UnknownDispatch" || !checked.has(event.t)) {
      return event
    }
    entry.isChecked = true
    const body = EventSchema.validate(event.t)(event.d)
    return entry.parsed = Either.isRight(body) ? event : failed(entry.t, body.left)
  })
}
