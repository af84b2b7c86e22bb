import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Decompressor from "../Decompressor.js"
import * as GatewaySocket from "../GatewaySocket.js"
import * as HeartbeatScheduler from "../HeartbeatScheduler.js"
import * as IdentifyQueue from "../IdentifyQueue.js"
import * as Message from "../Message.js"
import * as SessionStore from "../SessionStore.js"
import type * as Shard from "../Shard.js"
import * as ShardConfig from "../ShardConfig.js"
import * as ShardError from "../ShardError.js"
import * as ShardMetrics from "../ShardMetrics.js"
import * as ShardStatus from "../ShardStatus.js"
import * as Assembly from "./assembly/assembly.js"
import { Starter } from "./assembly/starter.js"
import * as MemberRequest from "./requests/memberRequest.js"
import * as ConnectPace from "./connectPace.js"
import { payloadOf } from "./events/log/entry.js"
import * as EventStream from "./events/eventStream.js"
import * as Handlers from "./events/handlers.js"
import type { NextEvent } from "./events/nextEvent.js"
import * as Parse from "./events/log/parse.js"
import { report } from "./report.js"
import * as Sender from "./commands/sender.js"
import * as SessionPersistence from "./session/persistence.js"
import * as ShardState from "./shardState.js"
import * as Supervisor from "./supervisor.js"
import * as After from "./time/after.js"
import * as VoiceState from "./requests/voiceState.js"

const ended = (error: ShardError.DeserializationError) => Exit.fail(error)

/** Reads the next event, and each error as it happens. */
const nextEvent = (state: ShardState.ShardState, shared: NextEvent, start: Effect.Effect<void>) =>
  shared.read<Dispatch.Dispatch, ShardError.ReceiveError>(start, (item, { log }) => {
    switch (item._tag) {
      case "Dispatch": {
        const event = state.parse(item)
        if (Parse.isFailure(event)) {
          log.reportUnreadable(item, event)
          return ended(event)
        }
        return Exit.succeed(event)
      }
      case "Failure":
        return Exit.fail(item.error)
      case "Close":
      case "Control":
        return undefined
    }
  })

/** Reads the next payload as text, or the end of a connection. */
const nextMessage = (state: ShardState.ShardState, shared: NextEvent, start: Effect.Effect<void>) => {
  const next = shared.read<Message.Message, ShardError.ReceiveError>(start, (item) => {
    switch (item._tag) {
      case "Dispatch":
        return Exit.succeed(Message.Text({ text: payloadOf(item) }))
      case "Control":
        return Exit.succeed(Message.Text({ text: item.text }))
      case "Close":
        return Exit.succeed(Message.Close({ frame: item.frame }))
      case "Failure":
        return Exit.fail(item.error)
    }
  })
  return Effect.suspend(() => {
    state.preservesText = true
    shared.keepControls()
    return next
  })
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
      scheduler: yield* HeartbeatScheduler.current,
      pace: yield* ConnectPace.Current
    }
    const notices = yield* FiberSet.makeRuntime<never>()
    const after = After.make(services.scheduler, (cause) => {
      notices(Effect.logError("a timer of the event log has failed", cause))
    })
    const state: ShardState.ShardState = yield* ShardState.make(id, config, {
      after,
      notice: (diagnostic) => {
        notices(Effect.annotateLogs(report(state, diagnostic), "shard.id", id.id))
      }
    })
    yield* Option.match(yield* ShardMetrics.Current, {
      onNone: () => Effect.void,
      onSome: (metrics) =>
        metrics.watch({
          status: () => state.status.get()._tag,
          buffered: () => state.log.lag,
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
      state.log.end(error)
      return state.commands.close(error)
    })

    // Registered first, so that it runs when the supervisor and its connection are gone.
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        shutDown,
        Effect.sync(() => {
          state.status.end()
          state.diagnostics.end()
        })
      )
    )
    const supervisor = yield* FiberHandle.make<void>()
    // The shard lives in the context that it was made in, not in that of whichever fiber reads first.
    const fork = yield* FiberHandle.runtime(supervisor)<never>()
    const keeper = yield* Option.match(yield* Effect.serviceOption(SessionStore.SessionStore), {
      onNone: () => Effect.succeed(SessionPersistence.withoutStore(state)),
      onSome: (store) => SessionPersistence.make(state, store)
    })
    // Registered last: the connection lives on while handlers that run come to their end, and while the session is saved.
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        state.isReleased = true
        state.readers.release()
        state.log.failReaders(new ShardError.ShardClosedError())
        yield* Effect.all(state.readers.runs, { concurrency: "unbounded", discard: true })
        yield* keeper.stop
        yield* keeper.save
      })
    )

    const starter = new Starter(Effect.sync(() => {
      if (
        !isClosed && Option.isNone(FiberHandle.unsafeGet(supervisor)) &&
        !ShardStatus.isFatallyClosed(state.status.get())
      ) {
        const live = Effect.zipRight(keeper.load, Supervisor.run(state, services, () => farewell))
        fork(Effect.annotateLogs(live, "shard.id", id.id), { onlyIfMissing: true })
        keeper.unsafeStart()
      }
    }))
    const { start } = starter

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
        state.log.notify({ _tag: "Close", frame: Option.some(frame), position: 0 })
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
          state.log.end(undefined)
          state.commands.unsafeReopen()
        }
      }),
      starter.connect
    )

    const sender = Sender.make(state, close)
    const requestGuildMembers = MemberRequest.make(state)
    const source: Handlers.Source = { readers: state.readers, config, parse: state.parse, after, start }
    const shared = Handlers.makeNextEvent(source)
    const shard: Shard.Shard = {
      ...sender,
      id,
      get config() {
        return state.config
      },
      connect,
      events: EventStream.make(source, shared, (event) => event),
      nextEvent: nextEvent(state, shared, start),
      nextMessage: nextMessage(state, shared, start),
      runForEach: (handler, options) => Handlers.run(source, shared, handler, options),
      subscribe: EventStream.subscribe(source, shared),
      status: Effect.sync(state.status.get),
      statusChanges: state.status.changes,
      session: Effect.sync(() => ShardState.session(state)),
      buffered: Effect.sync(() => state.log.lag),
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
    Assembly.set(shard, {
      hold: starter.hold,
      start,
      hasStarted: () => starter.hasStarted,
      source,
      nextEvent: shared,
      config: () => state.config,
      configure: (resolved) => {
        state.config = { ...state.config, ...resolved }
      }
    })
    return { shard, state }
  })
