/** From the text of an event to what the reader gets. */
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
import { type Entry, payloadOf } from "./entry.js"

/** An event, or why it cannot be read; told apart by `isFailure`, so that an event is not wrapped. */
export type Parsed = Dispatch.Dispatch | ShardError.DeserializationError

export type Parse = (entry: Entry) => Parsed

export const isFailure = (parsed: Parsed): parsed is ShardError.DeserializationError =>
  parsed instanceof ShardError.DeserializationError

const failed = (eventType: string, cause: unknown) =>
  new ShardError.DeserializationError({ eventType: Option.some(eventType), cause })

/**
 * Makes a plain object as a literal would. V8 allocates a literal in its old generation once many of them outlive a collection,
 * as events do that a fiber handles; each then keeps its body until the next full collection. It has no such statistics of
 * what a constructor makes.
 */
const Payload = function(this: Mutable<Dispatch.Payload>, t: string, s: number, d: unknown): void {
  this.op = Opcode.Dispatch
  this.t = t
  this.s = s
  this.d = d
  // TypeScript knows classes alone as constructors, and the prototype of a class cannot be replaced.
} as unknown as new(t: string, s: number, d: unknown) => Dispatch.Payload
Payload.prototype = Object.prototype

const parsePayload: Parse = (entry) => {
  try {
    // The envelope was read before; the body is trusted to be what Discord documents, unless validation is on.
    return Dispatch.fromPayload(JSON.parse(payloadOf(entry)) as Dispatch.Payload)
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
      // Most likely something follows the body, which only the whole payload shows.
    }
  }
  return parsePayload(entry)
}

/** Parses an entry on first demand. Readers share the result. */
export const parse: Parse = (entry) => entry.parsed ??= parseText(entry)

/** Parses an entry and, if its type is one of those, checks its body. An event that Discord does not document has no schema. */
export const make = (validate: ShardConfig.Validate): Effect.Effect<Parse> => {
  if (validate === "none" || validate.length === 0) {
    return Effect.succeed(parse)
  }
  const checked = new Set<string>(validate === "all" ? EventType.all : validate)
  // Loaded on demand: the schemas are a sixth of a shard's start.
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
