/** Waits for one event. The reader is open during the wait, and does not count for the session. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ShardError from "../../ShardError.js"
import { makeOptions } from "./log/index.js"
import * as EventStream from "./eventStream.js"
import type { ReaderSource } from "./readerSource.js"

type Event = Dispatch.Dispatch

/** Returns the first event that the refinement accepts. Fails when reading ends before. */
export const head = <A extends Event>(
  events: Stream.Stream<Event, ShardError.FatallyClosedError>,
  accepts: (event: Event) => event is A
): Effect.Effect<A, ShardError.TerminalError> =>
  Effect.flatMap(
    Stream.runHead(Stream.filter(events, accepts)),
    // A stream ends when the program closes the shard.
    Option.match({ onNone: () => Effect.fail(new ShardError.ShardClosedError()), onSome: Effect.succeed })
  )

/** Waits for an event of the name that the refinement accepts. `start` runs once the reader is open. */
export const next = <A extends Event, E>(
  { parse, readers }: ReaderSource,
  name: string,
  accepts: (event: Event) => event is A,
  start: Effect.Effect<void, E>
): Effect.Effect<A, E | ShardError.TerminalError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => readers.open(makeOptions(`a wait for ${name}`, { wanted: new Set([name]), isObserver: true }))),
    (reader) => Effect.zipRight(start, head(EventStream.fromReader(reader, parse, (event) => event), accepts)),
    (reader) => Effect.sync(() => readers.close(reader))
  )
