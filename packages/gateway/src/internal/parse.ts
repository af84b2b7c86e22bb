/** From the text of an event to what the reader gets. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as EventType from "@vesper/model/EventType"
import * as Opcode from "@vesper/model/Opcode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import * as EventBuffer from "./eventBuffer.js"
import * as PeerText from "./wire/peerText.js"

/** The event, or what is wrong with it; told apart by `isFailure`, so that an event is not wrapped. */
export type Parse = (item: EventBuffer.Dispatched) => Dispatch.Dispatch | ShardError.DeserializationError

export const isFailure = (
  parsed: Dispatch.Dispatch | ShardError.DeserializationError
): parsed is ShardError.DeserializationError => parsed instanceof ShardError.DeserializationError

const failed = (eventType: string, cause: unknown) =>
  new ShardError.DeserializationError({ eventType: Option.some(eventType), cause })

const parsePayload: Parse = (item) => {
  try {
    // The envelope was read before; the body is trusted to be what Discord documents, unless validation is on.
    return Dispatch.fromPayload(JSON.parse(EventBuffer.payloadOf(item)) as Dispatch.Payload)
  } catch (cause) {
    // The message of a SyntaxError quotes the text.
    return failed(item.t, PeerText.toError(cause))
  }
}

/** Parses an event as late as this, where it is read: what is broken is one reader's error. */
const parse: Parse = (item) => {
  if (item.isBody) {
    try {
      return Dispatch.fromPayload({ op: Opcode.Dispatch, t: item.t, s: item.s, d: JSON.parse(item.text) })
    } catch {
      // Most likely something follows the body, which only the whole payload shows.
    }
  }
  return parsePayload(item)
}

/** Parses an event and, if its type is one of those, checks its body. An event that nobody documents has no shape. */
export const make = (validate: ShardConfig.Validate): Effect.Effect<Parse> => {
  if (validate === "none" || validate.length === 0) {
    return Effect.succeed(parse)
  }
  const checked = new Set<string>(validate === "all" ? EventType.all : validate)
  // The schemas are loaded by those who ask for them: they are a sixth of the shard's start otherwise.
  return Effect.map(Effect.promise(() => import("@vesper/model/EventSchema")), (EventSchema) => (item) => {
    const event = parse(item)
    if (isFailure(event) || event.t === "UnknownDispatch" || !checked.has(event.t)) {
      return event
    }
    const body = EventSchema.validate(event.t)(event.d)
    return Either.isRight(body) ? event : failed(item.t, body.left)
  })
}
