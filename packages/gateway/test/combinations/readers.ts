/** The kinds of readers, alone and in mixtures. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Events from "../../src/Events.js"
import type * as Shard from "../../src/Shard.js"
import * as ShardError from "../../src/ShardError.js"
import type * as Subscription from "../../src/Subscription.js"
import type { Bot } from "./bot.js"

export class HandlerFailure extends Data.TaggedError("HandlerFailure")<{ readonly n: number }> {}

/** Handles an event: at once, or after some time. */
export type Work = (event: Dispatch.Dispatch) => Effect.Effect<void, HandlerFailure>

/** What is noticed of a subscription besides its events. */
export interface Notes {
  dropped: Effect.Effect<number>
  hasOverflowed: boolean
}

/**
 * What a reader promises.
 *
 * - `handlers`: acknowledges what was handled; a failure ends the run.
 * - `isolated`: the same, and an event whose handler fails counts as handled.
 * - `stream`: acknowledges nothing, and loses what it has pulled when its consumer is interrupted or fails.
 * - `dropping`: the same, and drops events while it is too slow.
 * - `failing`: the same, and ends when it is too slow.
 */
export type Promise = "handlers" | "isolated" | "stream" | "dropping" | "failing"

/** One reader of a cell. */
export interface Part {
  readonly name: string
  readonly promise: Promise
  readonly isOrdered: boolean
  /** A run of handlers reads. */
  readonly isRun?: boolean
  /** Handlers at a time. */
  readonly concurrency?: Shard.RunOptions["concurrency"]
  readonly wants: (t: string) => boolean
  /** Prepares the reader in the scope of the process. The effect reads until reading ends, and can be run again. */
  readonly open: (bot: Bot, work: Work, notes: Notes) => Effect.Effect<Effect.Effect<void, unknown>, never, Scope.Scope>
}

export interface Kind {
  readonly name: string
  readonly parts: ReadonlyArray<Part>
  readonly isSubscription: boolean
  /** A reader takes over from another. */
  readonly isSuccession: boolean
}

const numbered: ReadonlyArray<"MESSAGE_CREATE" | "TYPING_START"> = ["MESSAGE_CREATE", "TYPING_START"]

const all = () => true

const handlers = (name: string, options: Shard.RunForEachOptions = {}): Part => ({
  name,
  promise: "handlers",
  isOrdered: options.order !== "none",
  isRun: true,
  concurrency: options.concurrency,
  wants: all,
  open: (bot, work) => Effect.succeed(bot.runForEach(work, options))
})

const onNumbered = (event: "MESSAGE_CREATE" | "TYPING_START", work: Work) =>
  event === "MESSAGE_CREATE" ? Events.on(event, work) : Events.on(event, work)

/** A set of handlers for the events of some names. */
const set = (name: string, events: ReadonlyArray<"MESSAGE_CREATE" | "TYPING_START">): Part => ({
  name,
  promise: "isolated",
  isOrdered: true,
  isRun: true,
  wants: (t) => events.some((event) => event === t),
  open: (bot, work) => Effect.sync(() => bot.runSet(Events.merge(...events.map((event) => onNumbered(event, work)))))
})

const stream = (name: string): Part => ({
  name,
  promise: "stream",
  isOrdered: true,
  wants: all,
  open: (bot, work) => Effect.succeed(Stream.runForEach(bot.events, work))
})

/** Fibers ask for one event at a time, until reading ends. */
const readOneByOne = (nextEvent: Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError>, work: Work) =>
  nextEvent.pipe(
    Effect.matchEffect({
      onFailure: (error) => ShardError.isFatal(error) ? Effect.fail(error) : Effect.void,
      onSuccess: work
    }),
    Effect.forever
  )

const nextEvent: Part = {
  name: "nextEvent",
  promise: "handlers",
  isOrdered: true,
  wants: all,
  open: (bot, work) =>
    Effect.succeed(Effect.flatMap(
      bot.nextEvents,
      Effect.forEach((nextEvent) => readOneByOne(nextEvent, work), { concurrency: "unbounded", discard: true })
    ))
}

const nextEventThenHandlers: Part = {
  name: "nextEvent, then handlers",
  promise: "handlers",
  isOrdered: true,
  wants: all,
  open: (bot, work) => {
    const retried = Effect.retry({ until: ShardError.isFatal })
    const first = Effect.flatMap(
      bot.nextEvents,
      Effect.forEach((nextEvent) => Effect.flatMap(retried(nextEvent), work))
    )
    return Effect.succeed(Effect.zipRight(first, bot.runForEach(work)))
  }
}

const isOverflow = (error: { readonly _tag: string }) => error._tag === "SubscriptionOverflowError"

/** A subscription to the numbered events of each shard. */
const subscription = (strategy: Subscription.Strategy, capacity: number | undefined): Part => ({
  name: `a subscription with ${strategy}`,
  promise: strategy === "suspend" ? "stream" : strategy === "fail" ? "failing" : "dropping",
  isOrdered: true,
  wants: all,
  open: (bot, work, notes) =>
    Effect.gen(function*() {
      const shards = yield* bot.shards
      const subscriptions = yield* Effect.orDie(
        Effect.forEach(shards, (shard) => shard.subscribe({ strategy, capacity, events: numbered }))
      )
      const before = notes.dropped
      notes.dropped = Effect.map(
        Effect.all([before, ...subscriptions.map(({ dropped }) => dropped)]),
        (counts) => counts.reduce((sum, count) => sum + count, 0)
      )
      const read = ({ events }: Subscription.Subscription<Subscription.SubscriptionOverflowError>) =>
        Effect.catchIf(Stream.runForEach(events, work), isOverflow, () =>
          Effect.sync(() => {
            notes.hasOverflowed = true
          }))
      return Effect.forEach(subscriptions, read, { concurrency: "unbounded", discard: true })
    })
})

const kind = (name: string, ...parts: ReadonlyArray<Part>): Kind => ({
  name,
  parts,
  isSubscription: parts.some(({ name }) => name.startsWith("a subscription")),
  isSuccession: parts.includes(nextEventThenHandlers)
})

/** Events that a dropping subscription lets wait. */
export const smallCapacity = 4

export const kinds: ReadonlyArray<Kind> = [
  kind("handlers", handlers("handlers")),
  kind("two handlers at a time", handlers("handlers", { concurrency: 2 })),
  kind("any number of handlers at a time", handlers("handlers", { concurrency: "unbounded" })),
  kind("unordered handlers", handlers("handlers", { concurrency: 4, order: "none" })),
  kind("two sets of handlers", set("all", numbered), set("typing", ["TYPING_START"])),
  kind("two runs of handlers", handlers("first"), handlers("second", { concurrency: 2 })),
  kind("a stream", stream("stream")),
  kind("two streams", stream("first"), stream("second")),
  kind("a suspending subscription", subscription("suspend", undefined)),
  kind("a suspending subscription of one event", subscription("suspend", 1)),
  kind("a subscription that drops the oldest", subscription("dropOldest", smallCapacity)),
  kind("a subscription that drops the newest", subscription("dropNewest", smallCapacity)),
  kind("a subscription that fails", subscription("fail", smallCapacity)),
  kind("nextEvent", nextEvent),
  kind("handlers and nextEvent", handlers("handlers"), nextEvent),
  kind("handlers and a stream", handlers("handlers"), stream("stream")),
  kind("nextEvent and a stream", nextEvent, stream("stream")),
  kind("handlers and a subscription", handlers("handlers"), subscription("dropOldest", smallCapacity)),
  kind("nextEvent, then handlers", nextEventThenHandlers)
]
