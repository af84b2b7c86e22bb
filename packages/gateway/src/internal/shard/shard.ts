/** Makes a shard: its state, its readers, its requests, and the supervisor that runs its connections. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Decompressor from "../../Decompressor.js"
import * as GatewaySocket from "../../GatewaySocket.js"
import * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import * as IdentifyQueue from "../../IdentifyQueue.js"
import * as Message from "../../Message.js"
import * as SessionStore from "../../SessionStore.js"
import type * as Shard from "../../Shard.js"
import * as ShardConfig from "../../ShardConfig.js"
import * as ShardError from "../../ShardError.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import * as ShardStatus from "../../ShardStatus.js"
import { Assembly, Starter } from "../assembly/index.js"
import { GuildMembers, VoiceState } from "../requests/index.js"
import { ReconnectThrottle } from "../reconnect/index.js"
import { isFailure, toPayload } from "../events/log/index.js"
import { EventStream, NextEvent, RunForEach } from "../events/index.js"
import type { ReaderSource } from "../events/index.js"
import { report, setSource } from "../diagnostics/index.js"
import { Enqueue } from "../commands/index.js"
import { Scheduler } from "../heartbeat/index.js"
import { SessionSaver, SessionToStore } from "../session/index.js"
import { MetricsRegistry, ShardState } from "../state/index.js"
import * as Supervisor from "./supervisor.js"
import { After } from "../time/index.js"

/** Returns the next event, or fails with an error as it happens. */
const nextEvent = (state: ShardState.ShardState, shared: NextEvent, start: Effect.Effect<void>) =>
  shared.read<Dispatch.Dispatch, ShardError.ReceiveError>(start, (item, { log }) => {
    switch (item._tag) {
      case "Dispatch": {
        const event = log.read(item, state.parse)
        return isFailure(event) ? Exit.fail<ShardError.ReceiveError>(event) : Exit.succeed(event)
      }
      case "Failure":
        return Exit.fail(item.error)
      case "Close":
      case "Control":
        return undefined
    }
  })

/** Returns the next payload as text, or the end of a connection. */
const nextMessage = (state: ShardState.ShardState, shared: NextEvent, start: Effect.Effect<void>) => {
  const next = shared.read<Message.Message, ShardError.ReceiveError>(start, (item) => {
    switch (item._tag) {
      case "Dispatch":
        return Exit.succeed(Message.Text({ text: toPayload(item) }))
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

/** A shard and its state, which a fleet reads and moves when it reshards. */
export interface ShardWithState {
  readonly shard: Shard.Shard
  readonly state: ShardState.ShardState
}

export type ShardRequirements =
  | ShardConfig.ShardConfig
  | IdentifyQueue.IdentifyQueue
  | GatewaySocket.GatewaySocket
  | Scope.Scope

export const make = (id: ShardId.ShardId): Effect.Effect<Shard.Shard, never, ShardRequirements> =>
  Effect.map(makeWithState(id), ({ shard }) => shard)

export const makeWithState = (id: ShardId.ShardId): Effect.Effect<ShardWithState, never, ShardRequirements> =>
  Effect.gen(function*() {
    const config = yield* ShardConfig.ShardConfig
    const services = {
      queue: yield* IdentifyQueue.IdentifyQueue,
      socket: yield* GatewaySocket.GatewaySocket,
      decompressor: yield* Decompressor.CurrentDecompressor,
      // Made first, so that heartbeats are sent until the connection has ended.
      scheduler: Scheduler.fromService(yield* HeartbeatScheduler.current),
      reconnectThrottle: yield* ReconnectThrottle.Current
    }
    const runLog = yield* FiberSet.makeRuntime<never>()
    const after = After.make(services.scheduler, (cause) => {
      runLog(Effect.logError("a timer of the event log has failed", cause))
    })
    const state: ShardState.ShardState = yield* ShardState.make(id, config, {
      after,
      publish: (diagnostic) => {
        runLog(Effect.annotateLogs(report(state, diagnostic), "shard.id", id.id))
      }
    })
    yield* Option.match(yield* ShardMetrics.Current, {
      onNone: () => Effect.void,
      onSome: (metrics) =>
        MetricsRegistry.watch(metrics, {
          status: () => state.status.get()._tag,
          buffered: () => state.log.buffered,
          waiting: state.commands.unsafeSize,
          counters: state.counters
        })
    })
    let closeFrame = Option.none<CloseFrame.CloseFrame>()
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

    // Registered first, so that it runs after the supervisor and its connection have ended.
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
    // The supervisor runs in the context of the shard, not in that of its first reader.
    const fork = yield* FiberHandle.runtime(supervisor)<never>()
    const saver = yield* Option.match(yield* Effect.serviceOption(SessionStore.SessionStore), {
      onNone: () => Effect.succeed(SessionSaver.withoutStore(state)),
      onSome: (store) => SessionSaver.make(state, store)
    })
    // Registered last: the connection stays open until running handlers have ended and the session is saved.
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        state.isReleased = true
        state.readers.release()
        state.log.failReaders(new ShardError.ShardClosedError())
        yield* Effect.all(state.readers.runs, { concurrency: "unbounded", discard: true })
        yield* saver.stop
        yield* saver.save
      })
    )

    const starter = new Starter(Effect.sync(() => {
      if (
        !isClosed && Option.isNone(FiberHandle.unsafeGet(supervisor)) &&
        !ShardStatus.isFatallyClosed(state.status.get())
      ) {
        const live = Effect.zipRight(saver.load, Supervisor.run(state, services, () => closeFrame))
        fork(Effect.annotateLogs(live, "shard.id", id.id), { onlyIfMissing: true })
        saver.unsafeStart()
      }
    }))
    const { start } = starter

    const close: Shard.Shard["close"] = ({ code, reason }) =>
      Effect.gen(function*() {
        const frame = yield* Effect.orDie(CloseFrame.make(code, reason))
        if (isClosed || ShardStatus.isFatallyClosed(state.status.get())) {
          return SessionToStore.fromState(state)
        }
        isClosed = true
        closeFrame = Option.some(frame)
        yield* FiberHandle.clear(supervisor)
        if (CloseFrame.intent(frame) === "EndSession") {
          state.session = undefined
        }
        state.log.notify({ _tag: "Close", frame: Option.some(frame), position: 0 })
        state.status.set(ShardStatus.Disconnected({ closeCode: Option.some(frame.code), reconnectAttempts: 0 }))
        yield* shutDown
        yield* saver.save
        return SessionToStore.fromState(state)
      }).pipe(Effect.uninterruptible)

    const connect = Effect.zipRight(
      Effect.sync(() => {
        if (isClosed && !state.isReleased && !ShardStatus.isFatallyClosed(state.status.get())) {
          isClosed = false
          closeFrame = Option.none()
          state.log.end(undefined)
          state.commands.unsafeReopen()
        }
      }),
      starter.connect
    )

    const sender = Enqueue.makeSender(state.commands, close)
    const requestGuildMembers = GuildMembers.make(state)
    const source: ReaderSource = { readers: state.readers, config, parse: state.parse, after, start }
    const shared = new NextEvent(source)
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
      runForEach: (handler, options) => RunForEach.run(source, shared, handler, options),
      subscribe: EventStream.subscribe(source, shared),
      status: Effect.sync(state.status.get),
      statusChanges: state.status.changes,
      session: Effect.sync(() => SessionToStore.fromState(state)),
      buffered: Effect.sync(() => state.log.buffered),
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
      sender,
      requestGuildMembers,
      collectGuildMembers: (request, options) => GuildMembers.collect(requestGuildMembers(request, options)),
      updatePresence: Enqueue.updatePresence(state.commands),
      updateVoiceState: VoiceState.update(state)
    }
    setSource(shard, state)
    Assembly.set(shard, {
      deferStart: starter.deferStart,
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
