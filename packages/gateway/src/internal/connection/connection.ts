/**
 * One websocket, from its opening to its end. Everything here lives in one scope: when it closes, reader, heartbeats,
 * sender, deadlines and inflater are gone, and nothing of them can touch the next connection.
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
import type * as HeartbeatScheduler from "../../HeartbeatScheduler.js"
import type * as IdentifyQueue from "../../IdentifyQueue.js"
import * as Latency from "../../Latency.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import * as ShardStatus from "../../ShardStatus.js"
import { CommandLimiter, Outgoing, Presence, QueueWriter, write } from "../commands/index.js"
import type { LiveSession } from "../events/log/index.js"
import * as Deadline from "./phaseTimeout.js"
import { HeartbeatRequests, Heartbeats } from "../heartbeat/index.js"
import * as Opening from "./open.js"
import { IdentifyPermit, Payload as IdentifyPayload } from "../identify/index.js"
import { Identity } from "../session/index.js"
import * as Receiver from "./receiver.js"
import { Disconnect } from "../reconnect/index.js"
import type { Phase } from "../reconnect/index.js"
import { report } from "../diagnostics/index.js"
import type { ShardState } from "../state/index.js"
import { Signal } from "./signal.js"
import { Monotonic } from "../time/index.js"

/** What a connection uses and does not own. */
export interface Services {
  readonly queue: IdentifyQueue.IdentifyQueue
  readonly socket: GatewaySocket.GatewaySocket
  readonly decompressor: Decompressor.Decompressor
  readonly scheduler: HeartbeatScheduler.HeartbeatScheduler
}

/** How it went. */
export interface Outcome {
  readonly reason: Disconnect
  readonly opened: boolean
  /** The time of READY or RESUMED, in milliseconds of monotonic time. */
  readonly establishedAt: Option.Option<number>
  /** The peer's close frame, also where it only answered ours. */
  readonly frame: Option.Option<CloseFrame.CloseFrame>
}

interface Connection extends Heartbeats.Connection {
  readonly state: ShardState.ShardState
  readonly emit: (signal: Signal) => void
  readonly services: Services
  readonly socket: GatewaySocket.Connection
  readonly receiver: Receiver.Receiver
  readonly requests: HeartbeatRequests.Requests
  readonly deadline: Deadline.Deadline
  /** Done by READY or RESUMED. */
  readonly established: Deferred.Deferred<void>
}

/** Runs `effect` beside the connection, in its scope. If it fails, the connection ends: there is no half of one. */
const alongside = <R>(
  receiver: Receiver.Receiver,
  effect: Effect.Effect<void, Disconnect, R>
): Effect.Effect<void, never, R | Scope.Scope> =>
  effect.pipe(
    Effect.catchAllDefect((cause) => Effect.fail(Opening.failedBy(cause))),
    Effect.catchAll((reason) => Effect.sync(() => receiver.end(reason))),
    Effect.forkScoped,
    Effect.asVoid
  )

/** From the first word to READY or RESUMED. A connection that ends before interrupts it. */
const handshakeSpan =
  (connection: Connection, name: string) => <E>(handshake: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.withSpan(Effect.zipRight(handshake, Deferred.await(connection.established)), name, {
      root: true,
      attributes: { "shard.id": connection.state.id.id, "shard.total": connection.state.id.total }
    })

/** Gives the phase its time, counted from now, in place of the phase before. */
const startDeadline = (connection: Connection, phase: Phase, duration: Duration.Duration): Effect.Effect<void> =>
  Effect.sync(() => {
    const { deadline, isPaused, onDefect, receiver, socket } = connection
    deadline.unsafeStart({
      duration,
      isPaused,
      // A replay without RESUMED is taken for resumed.
      hasProgressed: () => phase === "resumed" && receiver.unsafeAssumeResumed(),
      onPolled: socket.unsafeOnPolled,
      onExpired: () => receiver.end(Disconnect.TimedOut({ phase })),
      onDefect
    })
  })

const identify = (connection: Connection, limiter: CommandLimiter.CommandLimiter) => {
  const { finalizers, services, state } = connection
  const { config, id } = state
  const { presence, text } = IdentifyPayload.make(config, id, state.presence)
  let isOver = false
  finalizers.push(() => {
    isOver = true
  })
  const writeIdentify = Effect.gen(function*() {
    yield* startDeadline(connection, "ready", config.timeouts.ready)
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

const resume = (connection: Connection, limiter: CommandLimiter.CommandLimiter, session: LiveSession) =>
  Effect.gen(function*() {
    const { config } = connection.state
    yield* startDeadline(connection, "resumed", config.timeouts.resumed)
    yield* limiter.recordCommand
    const payload = Command.resume({ token: config.token, session_id: session.id, seq: session.sequence })
    yield* write(connection, Outgoing.handshake("resume", Command.encode(payload)))
    yield* Deferred.await(connection.established)
    yield* Metric.increment(ShardMetrics.resumes)
  }).pipe(handshakeSpan(connection, "vesper.resume"))

/** Starts to write commands, by a fiber that runs while there are any. */
const startWriting = (connection: Connection, limiter: CommandLimiter.CommandLimiter) => {
  const { emit, finalizers, state: { commands } } = connection
  finalizers.push(() => commands.unsafeSetListener(undefined))
  return QueueWriter.make(connection, limiter, () => emit(Signal.CommandGiven()))
}

/** The hello has come: beat, and become identified in the meantime. */
const greet = (connection: Connection, interval: Duration.Duration) =>
  Effect.gen(function*() {
    const { receiver, state } = connection
    const limiter = CommandLimiter.make(interval)
    state.limiter = limiter
    connection.deadline.unsafeStop()
    const heartbeats = Heartbeats.make(connection, limiter, interval)
    yield* heartbeats.start
    connection.requests.onRequest(heartbeats.unsafeRequest)
    const { session } = state
    state.status.set(session === undefined ? ShardStatus.Identifying() : ShardStatus.Resuming())
    const handshake = session === undefined
      ? identify(connection, limiter)
      : resume(connection, limiter, session)
    yield* alongside(receiver, handshake)
    return limiter
  })

/** Carries out what the socket's callback asks for, until it says that the connection has ended. */
const follow = (connection: Connection, signals: Mailbox.ReadonlyMailbox<Signal>) =>
  Effect.gen(function*() {
    const { receiver, state } = connection
    let limiter = Option.none<CommandLimiter.CommandLimiter>()
    let writer = Option.none<QueueWriter.QueueWriter>()
    let establishedAt = Option.none<number>()
    while (true) {
      const signal = yield* Effect.orDie(signals.take)
      switch (signal._tag) {
        case "Hello": {
          limiter = Option.some(yield* greet(connection, signal.interval))
          break
        }
        case "HeartbeatRequested":
          // Answered without the fiber, by `HeartbeatRequests`.
          break
        case "Established": {
          if (Option.isSome(limiter) && Option.isNone(establishedAt)) {
            establishedAt = Option.some(yield* Monotonic.currentMillis)
            yield* Deferred.succeed(connection.established, void 0)
            connection.deadline.unsafeStop()
            Presence.enqueueIfDifferent(state)
            writer = Option.some(startWriting(connection, limiter.value))
          }
          break
        }
        case "CommandGiven": {
          if (Option.isSome(writer)) {
            yield* alongside(receiver, writer.value.writeAll)
          }
          break
        }
        case "Noticed": {
          yield* report(state, signal.diagnostic)
          break
        }
        case "Ended":
          return { reason: signal.reason, establishedAt }
      }
    }
  })

/** Lets the buffer hold up the socket, and remembers that it did. */
const holdUp = (state: ShardState.ShardState, socket: GatewaySocket.Connection, emit: (signal: Signal) => void) => {
  let isPaused = false
  let wasPaused = false
  state.log.backpressure.setSocket({
    pause: () => {
      isPaused = true
      wasPaused = true
      emit(Signal.Noticed({ diagnostic: Diagnostic.Paused({ buffered: state.log.lag }) }))
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

/** What to close with: 1000 only if the session is over anyway, or the user wants it so. */
const farewell = (reason: Option.Option<Disconnect>): CloseFrame.CloseFrame =>
  Option.exists(reason, (reason) => reason._tag === "SessionInvalidated" && !reason.resumable)
    ? CloseFrame.fromIntent("EndSession")
    : CloseFrame.fromIntent("KeepSession")

/**
 * Runs one connection to its end. Interrupting it closes the connection with a code that keeps the session, or with
 * the frame that `closeFrame` gives.
 */
export const run = (
  state: ShardState.ShardState,
  services: Services,
  url: string,
  closeFrame: () => Option.Option<CloseFrame.CloseFrame>
): Effect.Effect<Outcome> => {
  const attempt = Effect.gen(function*() {
    state.status.set(ShardStatus.Connecting())
    state.latency = Latency.empty
    const signals = yield* Mailbox.make<Signal>()
    const inflater = yield* services.decompressor.make
    state.inflater = Option.getOrUndefined(inflater)
    const requests = HeartbeatRequests.make((signal) => {
      signals.unsafeOffer(signal)
    })
    const { emit } = requests
    const clock = yield* Effect.clock
    const receiver = Receiver.make(state, inflater, clock, emit)
    let reason = Option.none<Disconnect>()
    const outcome = (opened: boolean, ended: Disconnect, establishedAt: Option.Option<number>): () => Outcome => {
      reason = Option.some(ended)
      // The peer's answer to our close frame is only there once the scope has closed.
      return () => ({ reason: ended, opened, establishedAt, frame: receiver.closedWith() })
    }
    const deadline = Deadline.make(services.scheduler)
    const opened = yield* Effect.either(Opening.open(state, services.socket, url, receiver, deadline))
    if (Either.isLeft(opened)) {
      return outcome(false, opened.left, Option.none())
    }
    const socket = opened.right
    // One finalizer for all that is known of the connection elsewhere: each keeps a kilobyte.
    const finalizers = [deadline.unsafeStop, () => state.log.backpressure.setSocket(undefined)]
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        finalizers.forEach((finalizer) => finalizer())
        return socket.close(Option.getOrElse(closeFrame(), () => farewell(reason)))
      })
    )
    const pauses = holdUp(state, socket, emit)
    const established = yield* Deferred.make<void>()
    const connection: Connection = {
      state,
      services,
      socket,
      receiver,
      clock,
      emit,
      notice: (diagnostic) => emit(Signal.Noticed({ diagnostic })),
      requests,
      scheduler: services.scheduler,
      deadline,
      established,
      finalizers,
      onDefect: (cause) => receiver.end(Opening.failedBy(cause)),
      ...pauses
    }
    yield* startDeadline(connection, "hello", state.config.timeouts.hello)
    const ended = yield* follow(connection, signals)
    return outcome(true, ended.reason, ended.establishedAt)
  })
  return Effect.scoped(attempt).pipe(
    Effect.map((outcome) => outcome()),
    Effect.catchAllDefect((cause) =>
      Effect.succeed<Outcome>({
        reason: Opening.failedBy(cause),
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
