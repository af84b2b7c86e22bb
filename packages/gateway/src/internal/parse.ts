/** From the text of an event to what the reader gets. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as EventSchema from "@vesper/model/EventSchema"
import * as EventType from "@vesper/model/EventType"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import type { Dispatched } from "./eventBuffer.js"

const failed = (eventType: string, cause: unknown) =>
  new ShardError.DeserializationError({ eventType: Option.some(eventType), cause })

/** Parses an event as late as this, in the reader's own fiber: what is broken is one reader's error. */
const parse = (item: Dispatched): Either.Either<Dispatch.Dispatch, ShardError.DeserializationError> => {
  try {
    // The envelope was read before; the body is trusted to be what Discord documents, unless validation is on.
    return Either.right(Dispatch.fromPayload(JSON.parse(item.text) as Parameters<typeof Dispatch.fromPayload>[0]))
  } catch (cause) {
    return Either.left(failed(item.t, cause))
  }
}

/** Parses an event and, if its type is one of those, checks its body. An event that nobody documents has no shape. */
export const make = (
  validate: ShardConfig.Validate
): (item: Dispatched) => Either.Either<Dispatch.Dispatch, ShardError.DeserializationError> => {
  if (validate === "none" || validate.length === 0) {
    return parse
  }
  const checked = new Set<string>(validate === "all" ? EventType.all : validate)
  return (item) => {
    const event = parse(item)
    if (Either.isLeft(event) || event.right.t === "UnknownDispatch" || !checked.has(event.right.t)) {
      return event
    }
    const body = EventSchema.validate(event.right.t)(event.right.d)
    return Either.isRight(body) ? event : Either.left(failed(item.t, body.left))
  }
}
