/**
 * Runs one websocket from its opening to its end. Receiver, heartbeats, writer, phase timeouts and inflater live in one
 * scope, so none of them can affect the next connection.
 */
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Command from "@vesper/model/Command"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Decompressor from "../../Decompressor.js"
import * as Diagnostic from "../../Diagnostic.js"
import type * as GatewaySocket from "../../GatewaySocket.js"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import * as Latency from "../../Latency.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import * as ShardStatus from "../../ShardStatus.js"
import { CommandLimiter, Outgoing, Presence, QueueWriter, write } from "../commands/index.js"
import * as PhaseTimeout from "./phaseTimeout.js"
import { HeartbeatSender } from "../heartbeat/index.js"
import { defectReason, open } from "./open.js"
import { IdentifyPayload, IdentifyPermit } from "../identify/index.js"
import { Identity } from "../session/index.js"
import type { LiveSession } from "../session/index.js"
import * as Receiver from "./receiver.js"
import { Disconnect } from "../reconnect/index.js"
import type { HandshakePhase } from "../reconnect/index.js"
import { report } from "../diagnostics/index.js"
import type { ShardState } from "../state/index.js"
import { Signal } from "./signal.js"
import { Monotonic } from "../time/index.js"
import type { TimerScheduler } from "../time/index.js"

/** The services that a connection uses and does not own. */
export interface ConnectionServices {
  readonly queue: IdentifyQueue.IdentifyQueue
  readonly socket: GatewaySocket.GatewaySocket
  readonly decompressor: Decompressor.Decompressor
  readonly scheduler: TimerScheduler
}

export interface ConnectionOutcome {
  readonly reason: Disconnect
  readonly opened: boolean
  /** The time of READY or RESUMED, in milliseconds of monotonic time. */
  readonly establishedAt: Option.Option<number>
  /** The close frame of the peer, also if it answers the frame of this side. */
  readonly frame: Option.Option<CloseFrame.CloseFrame>
}

interface ActiveConnection extends HeartbeatSender.HeartbeatConnection {
  readonly state: ShardState.ShardState
  readonly emit: (signal: Signal) => void
  readonly services: ConnectionServices
  readonly socket: GatewaySocket.Connection
  readonly receiver: Receiver.Receiver
  readonly phaseTimeout: PhaseTimeout.PhaseTimeout
  /** Completed by READY or RESUMED. */
  readonly established: Deferred.Deferred<void>
}

/** Forks `effect` in the scope of the connection. A failure ends the connection. */
const forkInConnection = <R>(
  receiver: Receiver.Receiver,
  effect: Effect.Effect<void, Disconnect, R>
): Effect.Effect<void, never, R | Scope.Scope> =>
  effect.pipe(
    Effect.catchAllDefect((cause) => Effect.fail(defectReason(cause))),
    Effect.catchAll((reason) => Effect.sync(() => receiver.end(reason))),
    Effect.forkScoped,
    Effect.asVoid
  )

/** Adds a span from the first message to READY or RESUMED. The end of the connection interrupts it. */
const handshakeSpan =
  (connection: ActiveConnection, name: string) => <E>(handshake: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.withSpan(Effect.zipRight(handshake, Deferred.await(connection.established)), name, {
      root: true,
      attributes: { "shard.id": connection.state.id.id, "shard.total": connection.state.id.total }
    })

/** Starts the timeout of a phase now, in place of the previous one. */
const startPhase = (
  connection: ActiveConnection,
  phase: HandshakePhase,
  duration: Duration.Duration
): Effect.Effect<void> =>
  Effect.sync(() => {
    const { isPaused, onDefect, phaseTimeout, receiver, socket } = connection
    phaseTimeout.unsafeStart({
      duration,
      isPaused,
      // A replay without RESUMED counts as resumed.
      hasProgressed: () => phase === "resumed" && receiver.unsafeAssumeResumed(),
      onPolled: socket.unsafeOnPolled,
      onExpired: () => receiver.end(Disconnect.TimedOut({ phase })),
      onDefect
    })
  })

const identify = (connection: ActiveConnection, limiter: CommandLimiter.CommandLimiter) => {
  const { finalizers, services, state } = connection
  const { config, id } = state
  const { presence, text } = IdentifyPayload.make(config, id, state.presence)
  let isOver = false
  finalizers.push(() => {
    isOver = true
  })
  const writeIdentify = Effect.gen(function*() {
    yield* startPhase(connection, "ready", config.timeouts.ready)
    yield* limiter.recordCommand
    state.identity = Identity.make(config, id)
    state.shownPresence = Option.getOrUndefined(Option.map(presence, Presence.text))
    yield* write(connection, Outgoing.handshake("identify", text))
    yield* state.counters.identifies++ > 0 ? Metric.increment(ShardMetrics.reidentifies) : Effect.void
  })
  return IdentifyPermit.use(services.queue, id, writeIdentify, () => isOver).pipe(
    handshakeSpan(connection, "vesper.identify")
  )
}

const resume = (connection: ActiveConnection, limiter: CommandLimiter.CommandLimiter, session: LiveSession) =>
  Effect.gen(function*() {
    const { config } = connection.state
    yield* startPhase(connection, "resumed", config.timeouts.resumed)
    yield* limiter.recordCommand
    const payload = Command.resume({ token: config.token, session_id: session.id, seq: session.sequence })
    yield* write(connection, Outgoing.handshake("resume", Command.encode(payload)))
    yield* Deferred.await(connection.established)
    yield* Metric.increment(ShardMetrics.resumes)
  }).pipe(handshakeSpan(connection, "vesper.resume"))

/** Starts to write commands. A fiber runs only while commands wait. */
const startWriting = (connection: ActiveConnection, limiter: CommandLimiter.CommandLimiter) => {
  const { emit, finalizers, state: { commands } } = connection
  finalizers.push(() => commands.unsafeSetListener(undefined))
  return QueueWriter.make(connection, limiter, () => emit(Signal.CommandEnqueued()))
}

/** Starts the heartbeats, and identifies or resumes in a fiber of its own. */
const onHello = (connection: ActiveConnection, interval: Duration.Duration) =>
  Effect.gen(function*() {
    const { receiver, state } = connection
    const limiter = CommandLimiter.make(interval)
    state.limiter = limiter
    connection.phaseTimeout.unsafeStop()
    yield* HeartbeatSender.start(connection, limiter, interval)
    const { session } = state
    state.status.set(session === undefined ? ShardStatus.Identifying() : ShardStatus.Resuming())
    const handshake = session === undefined
      ? identify(connection, limiter)
      : resume(connection, limiter, session)
    yield* forkInConnection(receiver, handshake)
    return limiter
  })

/** Processes the signals of the socket's callback until the connection has ended. */
const processSignals = (connection: ActiveConnection, signals: Mailbox.ReadonlyMailbox<Signal>) =>
  Effect.gen(function*() {
    const { receiver, state } = connection
    let limiter: CommandLimiter.CommandLimiter | undefined
    let writeCommands: Effect.Effect<void, Disconnect> = Effect.void
    let establishedAt = Option.none<number>()
    while (true) {
      const signal = yield* Effect.orDie(signals.take)
      switch (signal._tag) {
        case "Hello": {
          limiter = yield* onHello(connection, signal.interval)
          break
        }
        case "Established": {
          if (limiter !== undefined && Option.isNone(establishedAt)) {
            establishedAt = Option.some(yield* Monotonic.currentMillis)
            yield* Deferred.succeed(connection.established, void 0)
            connection.phaseTimeout.unsafeStop()
            Presence.enqueueIfDifferent(state)
            writeCommands = startWriting(connection, limiter)
          }
          break
        }
        case "CommandEnqueued": {
          yield* forkInConnection(receiver, writeCommands)
          break
        }
        case "Diagnosed": {
          yield* report(state, signal.diagnostic)
          break
        }
        case "Ended":
          return { reason: signal.reason, establishedAt }
      }
    }
  })

/** Pauses the socket while the event log is full, and records that it was paused. */
const applyBackPressure = (
  state: ShardState.ShardState,
  socket: GatewaySocket.Connection,
  emit: (signal: Signal) => void
) => {
  let isPaused = false
  let wasPaused = false
  state.log.backpressure.setSocket({
    pause: () => {
      isPaused = true
      wasPaused = true
      emit(Signal.Diagnosed({ diagnostic: Diagnostic.Paused({ buffered: state.log.buffered }) }))
      socket.pause()
    },
    resume: () => {
      isPaused = false
      socket.resume()
    }
  })
  return {
    isPaused: () => isPaused,
    wasPaused: () => {
      const was = wasPaused
      wasPaused = isPaused
      return was
    }
  }
}

/** Returns the close frame: 1000 only if the gateway has invalidated the session. */
const closeFrameFor = (reason: Option.Option<Disconnect>): CloseFrame.CloseFrame =>
  Option.exists(reason, (reason) => reason._tag === "SessionInvalidated" && !reason.resumable)
    ? CloseFrame.fromIntent("EndSession")
    : CloseFrame.fromIntent("KeepSession")

/**
 * Runs one connection to its end. An interruption closes it with the frame of `closeFrame`, or with a code that keeps the
 * session.
 */
export const run = (
  state: ShardState.ShardState,
  services: ConnectionServices,
  url: string,
  closeFrame: () => Option.Option<CloseFrame.CloseFrame>
): Effect.Effect<ConnectionOutcome> => {
  const attempt = Effect.gen(function*() {
    state.status.set(ShardStatus.Connecting())
    state.latency = Latency.empty
    const signals = yield* Mailbox.make<Signal>()
    const inflater = yield* services.decompressor.make
    state.inflater = Option.getOrUndefined(inflater)
    const emit = (signal: Signal) => {
      signals.unsafeOffer(signal)
    }
    const clock = yield* Effect.clock
    const receiver = Receiver.make(state, inflater, clock, emit)
    const phaseTimeout = PhaseTimeout.make(services.scheduler)
    const opened = yield* Effect.either(open(state, services.socket, url, receiver, phaseTimeout))
    if (Either.isLeft(opened)) {
      return { receiver, reason: opened.left, opened: false, establishedAt: Option.none<number>() }
    }
    const socket = opened.right
    let reason = Option.none<Disconnect>()
    // One finalizer for all registrations of the connection, because each finalizer of a scope takes a kilobyte.
    const finalizers = [phaseTimeout.unsafeStop, () => state.log.backpressure.setSocket(undefined)]
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        finalizers.forEach((finalizer) => finalizer())
        return socket.close(Option.getOrElse(closeFrame(), () => closeFrameFor(reason)))
      })
    )
    const pauses = applyBackPressure(state, socket, emit)
    const established = yield* Deferred.make<void>()
    const connection: ActiveConnection = {
      state,
      services,
      socket,
      receiver,
      clock,
      emit,
      publish: (diagnostic) => emit(Signal.Diagnosed({ diagnostic })),
      scheduler: services.scheduler,
      phaseTimeout,
      established,
      finalizers,
      onDefect: (cause) => receiver.end(defectReason(cause)),
      ...pauses
    }
    yield* startPhase(connection, "hello", state.config.timeouts.hello)
    const ended = yield* processSignals(connection, signals)
    reason = Option.some(ended.reason)
    return { receiver, ...ended, opened: true }
  })
  return Effect.scoped(attempt).pipe(
    // The peer may answer the close frame until the scope has closed.
    Effect.map(({ receiver, ...ended }): ConnectionOutcome => ({ ...ended, frame: receiver.closedWith() })),
    Effect.catchAllDefect((cause) =>
      Effect.succeed<ConnectionOutcome>({
        reason: defectReason(cause),
        opened: false,
        establishedAt: Option.none(),
        frame: Option.none()
      })
    ),
    Effect.ensuring(Effect.sync(() => {
      state.limiter = undefined
      state.inflater = undefined
    }))
  )
}
