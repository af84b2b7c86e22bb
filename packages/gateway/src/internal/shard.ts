import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Decompressor from "../Decompressor.js"
import * as Diagnostic from "../Diagnostic.js"
import * as GatewaySocket from "../GatewaySocket.js"
import * as Heart from "../Heart.js"
import * as IdentifyQueue from "../IdentifyQueue.js"
import * as Message from "../Message.js"
import * as SessionStore from "../SessionStore.js"
import type * as Shard from "../Shard.js"
import * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import * as ShardMetrics from "../ShardMetrics.js"
import * as ShardStatus from "../ShardStatus.js"
import * as MemberRequest from "./requests/memberRequest.js"
import * as ConnectPace from "./connectPace.js"
import * as EventBuffer from "./eventBuffer.js"
import type * as Subscription from "../Subscription.js"
import * as Parse from "./parse.js"
import { report } from "./report.js"
import * as RunForEach from "./runForEach.js"
import * as Sender from "./commands/sender.js"
import * as SessionKeeper from "./sessionKeeper.js"
import * as ShardState from "./shardState.js"
import type { Subscriber } from "./subscriber.js"
import * as Supervisor from "./supervisor.js"
import * as VoiceState from "./requests/voiceState.js"

const unreadable = (state: ShardState.ShardState, error: ShardError.DeserializationError) =>
  Effect.zipRight(report(state, Diagnostic.Failure({ error })), Effect.fail(error))

/** Asking for the next says that the one before is handled. */
const asking = <A, E>(state: ShardState.ShardState, take: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    ShardState.settleGiven(state)
    return take
  })

/**
 * An event that waits is given at once, without asking whether the shard has been started: else how would it wait?
 * Nothing is taken ahead of its reader.
 */
const nextEvent = (
  state: ShardState.ShardState,
  start: Effect.Effect<void>,
  buffer: Pick<EventBuffer.EventBuffer, "awaitForEvents" | "unsafeFailure" | "unsafeTake"> = state.buffer,
  reader: ShardState.Reader = state
): Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError> => {
  const next: Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError> = Effect.suspend(() => {
    ShardState.settleGiven(state, reader)
    const item = buffer.unsafeTake()
    switch (item?._tag) {
      case undefined: {
        const failure = buffer.unsafeFailure()
        return Option.isSome(failure) ? Exit.fail(failure.value) : startAndWait
      }
      case "Dispatch": {
        const event = state.parse(item)
        if (Parse.isFailure(event)) {
          return unreadable(state, event)
        }
        ShardState.give(state, item, reader)
        return Exit.succeed(event)
      }
      case "Failure":
        return Effect.fail(item.error)
      case "Close":
      case "Control":
        return next
    }
  })
  const startAndWait = Effect.zipRight(Effect.zipRight(start, buffer.awaitForEvents), next)
  return next
}

const nextMessage = (state: ShardState.ShardState): Effect.Effect<Message.Message, ShardError.ReceiveError> =>
  Effect.flatMap(asking(state, state.buffer.take), (item): Effect.Effect<Message.Message, ShardError.ReceiveError> => {
    switch (item._tag) {
      case "Dispatch":
        ShardState.give(state, item)
        return Effect.succeed(Message.Text({ text: EventBuffer.payloadOf(item) }))
      case "Control":
        return Effect.succeed(Message.Text({ text: item.text }))
      case "Close":
        return Effect.succeed(Message.Close({ frame: item.frame }))
      case "Failure":
        return Effect.fail(item.error)
    }
  })

/** Reads on over what the shard recovers from; that was reported where it happened. */
const endure = <A>(
  next: Effect.Effect<A, ShardError.ReceiveError>
): Stream.Stream<A, ShardError.FatallyClosedError> => {
  const enduring: Effect.Effect<A, Option.Option<ShardError.FatallyClosedError>> = Effect.catchAll(next, (error) => {
    switch (error._tag) {
      case "FatallyClosedError":
        return Effect.fail(Option.some(error))
      case "ShardClosedError":
        return Effect.fail(Option.none())
      default:
        return enduring
    }
  })
  // One at a time: a stream that is left early must not take along events that somebody else would read.
  return Stream.repeatEffectOption(enduring)
}

/** What is read once the shard is started. Built when it is run, for few shards are read in all ways. */
const reading = <A>(start: Effect.Effect<void>, next: Effect.Effect<A, ShardError.ReceiveError>) =>
  Stream.suspend(() => Stream.unwrap(Effect.as(start, endure(next))))

/** Gives out a subscriber's events; `start` runs before the first is read. */
const subscriptionOf = (state: ShardState.ShardState, start: Effect.Effect<void>) =>
(
  { buffer, overflow, reader, unsafeDropped }: Subscriber
): Subscription.Subscription<Subscription.SubscriptionOverflowError> => {
  const overflowed = Stream.suspend(() =>
    Option.match(overflow(), { onNone: () => Stream.empty, onSome: (error) => Stream.fail(error) })
  )
  return {
    events: Stream.concat(reading(start, nextEvent(state, start, buffer, reader)), overflowed),
    dropped: Effect.sync(unsafeDropped)
  }
}

/** A shard, and what is behind it: a fleet reads and moves what its shards hold. */
export interface Open {
  readonly shard: Shard.Shard
  readonly state: ShardState.ShardState
}

export type Requirements =
  | ShardConfig.ShardConfig
  | IdentifyQueue.IdentifyQueue
  | GatewaySocket.GatewaySocket
  | Scope.Scope

export const make = (id: ShardId.ShardId): Effect.Effect<Shard.Shard, never, Requirements> =>
  Effect.map(makeOpen(id), ({ shard }) => shard)

export const makeOpen = (id: ShardId.ShardId): Effect.Effect<Open, never, Requirements> =>
  Effect.gen(function*() {
    const config = yield* ShardConfig.ShardConfig
    const services = {
      queue: yield* IdentifyQueue.IdentifyQueue,
      socket: yield* GatewaySocket.GatewaySocket,
      decompressor: yield* Decompressor.Current,
      // Made first, so that the connection beats until its end.
      heart: yield* Heart.current,
      pace: yield* ConnectPace.Current
    }
    const state = yield* ShardState.make(id, config)
    yield* Option.match(yield* ShardMetrics.Current, {
      onNone: () => Effect.void,
      onSome: (metrics) =>
        metrics.watch({
          status: () => state.status.get()._tag,
          buffered: state.buffer.unsafeSize,
          waiting: state.commands.unsafeSize,
          counters: state.counters
        })
    })
    let farewell = Option.none<CloseFrame.CloseFrame>()
    let isClosed = false

    const shutDown = Effect.suspend(() => {
      isClosed = true
      const status = state.status.get()
      if (!ShardStatus.isDisconnected(status) && !ShardStatus.isFatallyClosed(status)) {
        state.status.set(ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 }))
      }
      const error = new ShardError.ShardClosedError()
      state.buffer.unsafeEnd(error)
      return state.commands.close(error)
    })

    // Registered first, so that it runs when the supervisor and its connection are gone.
    yield* Effect.addFinalizer(() => shutDown)
    const supervisor = yield* FiberHandle.make<void>()
    // The shard lives in the context that it was made in, not in that of whichever fiber reads first.
    const fork = yield* FiberHandle.runtime(supervisor)<never>()
    const keeper = yield* Option.match(yield* Effect.serviceOption(SessionStore.SessionStore), {
      onNone: () => Effect.succeed(SessionKeeper.none),
      onSome: (store) => SessionKeeper.make(state, store)
    })
    // Registered last: the connection lives on while handlers that run come to their end, and while the session is saved.
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        state.isReleased = true
        state.buffer.unsafeCutOff(new ShardError.ShardClosedError())
        yield* Effect.all(state.runs, { concurrency: "unbounded", discard: true })
        yield* keeper.stop
        yield* keeper.save
      })
    )

    const start = Effect.sync(() => {
      if (
        !isClosed && Option.isNone(FiberHandle.unsafeGet(supervisor)) &&
        !ShardStatus.isFatallyClosed(state.status.get())
      ) {
        const live = Effect.zipRight(keeper.load, Supervisor.run(state, services, () => farewell))
        fork(Effect.annotateLogs(live, "shard.id", id.id), { onlyIfMissing: true })
        keeper.unsafeStart()
      }
    })

    const close: Shard.Shard["close"] = ({ code, reason }) =>
      Effect.gen(function*() {
        const frame = yield* Effect.orDie(CloseFrame.make(code, reason))
        if (isClosed || ShardStatus.isFatallyClosed(state.status.get())) {
          return ShardState.session(state)
        }
        isClosed = true
        farewell = Option.some(frame)
        yield* FiberHandle.clear(supervisor)
        if (CloseFrame.intent(frame) === "EndSession") {
          state.session = undefined
        }
        state.buffer.unsafeNotify({ _tag: "Close", frame: Option.some(frame) })
        state.status.set(ShardStatus.Disconnected({ closeCode: Option.some(frame.code), reconnectAttempts: 0 }))
        yield* shutDown
        yield* keeper.save
        return ShardState.session(state)
      }).pipe(Effect.uninterruptible)

    const connect = Effect.zipRight(
      Effect.sync(() => {
        if (isClosed && !state.isReleased && !ShardStatus.isFatallyClosed(state.status.get())) {
          isClosed = false
          farewell = Option.none()
          state.buffer.unsafeReopen()
          state.commands.unsafeReopen()
        }
      }),
      start
    )

    const subscribe = <S extends Subscription.Strategy = "suspend">(options: Subscription.Options<S> = {}) =>
      Effect.map(
        state.buffer.subscribe(options),
        // Only a subscriber with the strategy `fail` ever overflows.
        subscriptionOf(state, start) as (
          subscriber: Subscriber
        ) => Subscription.Subscription<"fail" extends S ? Subscription.SubscriptionOverflowError : never>
      )

    const sender = Sender.make(state, close)
    const requestGuildMembers = MemberRequest.make(state)
    const event = nextEvent(state, start)
    const message = nextMessage(state)
    const startWithTexts = Effect.zipRight(
      Effect.sync(() => {
        state.areTextsShown = true
      }),
      start
    )
    const shard: Shard.Shard = {
      ...sender,
      id,
      config,
      connect,
      events: reading(start, event),
      messages: reading(startWithTexts, message),
      nextEvent: event,
      nextMessage: Effect.zipRight(startWithTexts, message),
      runForEach: (handler, options) =>
        Effect.zipRight(start, RunForEach.run(state, handler, Math.max(1, options?.concurrency ?? 1))),
      subscribe,
      status: Effect.sync(state.status.get),
      statusChanges: state.status.changes,
      session: Effect.sync(() => ShardState.session(state)),
      buffered: Effect.sync(() => state.buffer.unsafeBacklog()),
      resumeUrl: Effect.sync(() => Option.fromNullable(ShardState.resumeUrl(state))),
      latency: Effect.sync(() => state.latency),
      rateLimiter: Effect.suspend(() =>
        state.limiter === undefined || !config.rateLimitCommands
          ? Effect.succeedNone
          : Effect.asSome(state.limiter.snapshot)
      ),
      inflater: Effect.sync(() =>
        Option.map(Option.fromNullable(state.inflater), (inflater) => {
          const [bytesIn, bytesOut] = [inflater.bytesIn(), inflater.bytesOut()]
          return { bytesIn, bytesOut, ratio: bytesIn === 0 ? 1 : bytesOut / bytesIn }
        })
      ),
      diagnostics: state.diagnostics.stream,
      report: (diagnostic) => report(state, diagnostic),
      sender,
      requestGuildMembers,
      collectGuildMembers: (request, options) => MemberRequest.collect(requestGuildMembers(request, options)),
      updatePresence: Sender.updatePresence(state),
      updateVoiceState: VoiceState.update(state)
    }
    return { shard, state }
  })
