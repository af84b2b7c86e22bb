/** From the text of an event to what the reader gets. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ShardError from "../ShardError.js"
import type { Dispatched } from "./eventBuffer.js"

/** Parses an event as late as this, in the reader's own fiber: what is broken is one reader's error. */
export const parse = (item: Dispatched): Either.Either<Dispatch.Dispatch, ShardError.DeserializationError> =>
  Either.try({
    // The envelope was read before; the body is trusted to be what Discord documents, unless validation is on.
    try: () => Dispatch.fromPayload(JSON.parse(item.text) as Parameters<typeof Dispatch.fromPayload>[0]),
    catch: (cause) => new ShardError.DeserializationError({ eventType: Option.some(item.t), cause })
  })
