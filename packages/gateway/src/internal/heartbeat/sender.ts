/** Sends the heartbeats of a connection and closes it when one is not acknowledged. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Function from "effect/Function"
import * as Random from "effect/Random"
import * as Diagnostic from "../../Diagnostic.js"
import type * as GatewaySocket from "../../GatewaySocket.js"
import type * as Latency from "../../Latency.js"
import { Outgoing, unsafeWrite } from "../commands/index.js"
import type { CommandLimiter } from "../commands/index.js"
import type { Receiver } from "../connection/index.js"
import { Disconnect } from "../reconnect/index.js"
import type { Counters } from "../state/index.js"
import { After, EventLoopLag, Monotonic } from "../time/index.js"
import type { Delay, Timer, TimerScheduler } from "../time/index.js"
import * as HeartbeatLatency from "./latency.js"
import * as Policy from "./policy.js"

/** The state of a shard that heartbeats read and update. */
export interface HeartbeatState {
  readonly config: { readonly rateLimitCommands: boolean }
  readonly counters: Counters.Counters
  readonly session: { readonly sequence: number } | undefined
  latency: Latency.Latency
}

/** The parts of a connection that heartbeats use. */
export interface HeartbeatConnection {
  readonly state: HeartbeatState
  readonly socket: Pick<GatewaySocket.Connection, "unsafeOnPolled" | "unsafeWrite">
  readonly scheduler: TimerScheduler
  readonly clock: Clock.Clock
  readonly receiver: Pick<Receiver, "end" | "unsafeOnHeartbeatRequest" | "wasAcknowledged">
  readonly publish: (diagnostic: Diagnostic.Diagnostic) => void
  /** Returns whether reading is paused. */
  readonly isPaused: () => boolean
  /** Returns whether reading was paused at any time since the last call. */
  readonly wasPaused: () => boolean
  readonly onDefect: (cause: unknown) => void
  /** Called when the connection ends. */
  readonly finalizers: Array<() => void>
}

/**
 * Answers requests for heartbeats, and schedules heartbeats, the first after a random part of the interval to avoid synchronized
 * heartbeats.
 */
export const start = (
  connection: HeartbeatConnection,
  limiter: CommandLimiter.CommandLimiter,
  interval: Duration.Duration
): Effect.Effect<void> => {
  const { clock, finalizers, isPaused, onDefect, publish, receiver, scheduler, socket, state, wasPaused } = connection
  const after = After.make(scheduler, onDefect)
  const intervalMillis = Duration.toMillis(interval)
  // The number of heartbeats that the socket has not written yet.
  let unwritten = 0
  let isRequested = false
  // The request waits for the limit of messages.
  let isHeld = false
  let cancelHeld: () => void = Function.constVoid
  let isStopped = false

  const delayMillis = (now: number): number => state.config.rateLimitCommands ? limiter.unsafeHeartbeatDelay(now) : 0

  // No fiber, because one leaves twice as much garbage as the rest of a heartbeat, and collecting it is most of the cost of
  // idle shards.
  const unsafeSend = (now: number, onWritten: () => void): void => {
    isRequested = false
    try {
      const heartbeat = Outgoing.heartbeat(state.session?.sequence ?? null)
      state.latency = HeartbeatLatency.recordSent(state.latency, now)
      limiter.unsafeRecordHeartbeat(now)
      unwritten++
      unsafeWrite(connection, heartbeat, (result) => {
        if (Either.isLeft(result)) {
          return receiver.end(result.left)
        }
        unwritten--
        onWritten()
        answerRequest()
      })
    } catch (cause) {
      onDefect(cause)
    }
  }

  /**
   * Sends the heartbeat that the gateway asks for. Requests share one heartbeat while it waits for the limit of messages or for a
   * heartbeat that is not yet written: a peer that asks and does not read costs no memory.
   */
  const answerRequest = (): void => {
    if (!isRequested || isHeld || isStopped || unwritten > 0) {
      return
    }
    const now = Monotonic.unsafeMillis(clock)
    const delay = delayMillis(now)
    if (delay === 0) {
      return unsafeSend(now, Function.constVoid)
    }
    isHeld = true
    cancelHeld = after(delay, () => {
      isHeld = false
      answerRequest()
    })
  }

  const makeTimer = (): Timer => {
    let before: Policy.HeartbeatStep | undefined
    let decidedAt = Monotonic.unsafeMillis(clock)
    let isRead = true
    // The heartbeat of the last step is not yet written.
    let isWriting = false

    const awaitPoll = () => {
      isRead = socket.unsafeOnPolled === undefined
      socket.unsafeOnPolled?.(() => {
        isRead = true
      })
    }

    const observe = (now: number, late: number): Policy.Observation => ({
      late,
      elapsed: now - decidedAt,
      // Both functions begin a new period when they are called.
      isAcknowledged: receiver.wasAcknowledged(),
      wasPaused: wasPaused(),
      isPaused: isPaused(),
      isWriting,
      isRead: isRead && (before?._tag === "AwaitAck" || socket.unsafeOnPolled === undefined),
      delay: delayMillis(now)
    })

    const carryOut = (step: Policy.HeartbeatStep, now: number): Delay | undefined => {
      switch (step._tag) {
        case "Send": {
          isWriting = true
          unsafeSend(now, () => {
            isWriting = false
          })
          return { after: intervalMillis, slack: Policy.slack(intervalMillis) }
        }
        case "Delay":
          return { after: step.delay, slack: 0 }
        case "AwaitAck": {
          awaitPoll()
          return { after: Policy.nextCheckAfter(step.graceMillis, intervalMillis), slack: 0 }
        }
        case "Close": {
          receiver.end(Disconnect.Zombie())
          return undefined
        }
      }
    }

    return {
      onDue: (late) => {
        if (late >= EventLoopLag.noticeableMillis) {
          const blockedFor = Duration.millis(Math.round(late))
          publish(Diagnostic.Lagged({ blockedFor }))
        }
        const now = Monotonic.unsafeMillis(clock)
        before = Policy.next(before, intervalMillis, observe(now, late))
        decidedAt = now
        return carryOut(before, now)
      },
      onDefect
    }
  }

  finalizers.push(() => {
    isStopped = true
    cancelHeld()
  })

  return Effect.map(Random.next, (jitter) => {
    const first = { after: Policy.firstDelay(intervalMillis, jitter), slack: Policy.slack(intervalMillis) }
    finalizers.push(scheduler.unsafeSchedule(makeTimer(), first))
    receiver.unsafeOnHeartbeatRequest(() => {
      isRequested = true
      answerRequest()
    })
  })
}
