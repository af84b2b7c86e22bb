/** Reading with handlers, of a shard or of a fleet. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type * as Shard from "../../Shard.js"
import type * as ShardConfig from "../../ShardConfig.js"
import type * as ShardError from "../../ShardError.js"
import type { Timer } from "../time/timer.js"
import type { Options as CursorOptions } from "./log/cursor.js"
import { NextEvent } from "./nextEvent.js"
import type { Parse } from "./log/parse.js"
import type { Reader } from "./reader.js"
import type { Readers } from "./readers.js"
import * as Runner from "./runner.js"

/** What is read: the events of a shard or a fleet. */
export interface Source {
  readonly readers: Readers
  readonly config: Pick<ShardConfig.ShardConfig, "acknowledge" | "drainTimeout">
  readonly parse: Parse
  readonly after: Timer
  /** Starts the shard if it is not running. */
  readonly start: Effect.Effect<void>
}

const suspending = { strategy: "suspend", droppable: undefined, capacity: undefined, acknowledges: true } as const

const isTracked = ({ config }: Source): boolean => config.acknowledge === "onHandled"

export const makeNextEvent = (source: Source): NextEvent => {
  const options: CursorOptions = { ...suspending, name: "`nextEvent`", wanted: undefined, wantsNotices: true }
  return new NextEvent(source.readers, options, isTracked(source), source.after)
}

const concurrencyOf = ({ concurrency = 1 }: Shard.RunOptions): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(concurrency) || 1)

const traced = <E, R>(handler: Runner.Handler<E, R>): Runner.Handler<E, R> => (event, shard) =>
  Effect.withSpan(Effect.suspend(() => handler(event, shard)), "vesper.handle", {
    attributes: { "event.type": event.t, "shard.id": shard.id }
  })

const open = (
  { readers }: Source,
  nextEvent: NextEvent,
  fiber: Fiber.RuntimeFiber<unknown, unknown>,
  { events, key }: Shard.RunForEachOptions,
  handler: unknown
): Reader => {
  const left = readers.adopt(key, handler)
  if (left !== undefined) {
    nextEvent.leaveUnread(fiber)
    return left
  }
  const wanted = events && new Set<string>(events)
  const name = wanted === undefined ? "the handler of `runForEach`" : `the handlers of ${Array.from(wanted).join(", ")}`
  return readers.open({ ...suspending, name, wanted, wantsNotices: false }, nextEvent.leave(fiber))
}

/** Runs a handler for each event. It takes up what the last run with the same key has left behind. */
export const run = <E, R>(
  source: Source,
  nextEvent: NextEvent,
  handler: (event: Dispatch.Dispatch, shard: ShardId.ShardId) => Effect.Effect<unknown, E, R>,
  options: Shard.RunForEachOptions = {}
): Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>> =>
  Effect.withFiberRuntime((fiber) => {
    const { config, parse, readers, start } = source
    const reader = open(source, nextEvent, fiber, options, handler)
    const handling = Runner.run(reader, parse, options.spans === true ? traced(handler) : handler, {
      concurrency: concurrencyOf(options),
      isOrdered: options.order !== "none",
      isTracked: isTracked(source),
      drainTimeout: config.drainTimeout
    }, readers.runs)
    return Effect.ensuring(
      Effect.zipRight(start, handling),
      Effect.sync(() => readers.leave(reader, options.key, handler))
    )
  })
