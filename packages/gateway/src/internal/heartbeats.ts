/** Lets a connection beat, and ends it once it is dead. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import * as Diagnostic from "../Diagnostic.js"
import type * as GatewaySocket from "../GatewaySocket.js"
import type * as Heart from "../Heart.js"
import * as Latency from "../Latency.js"
import type { CommandLimiter } from "./commandLimiter.js"
import * as Outgoing from "./commands/outgoing.js"
import { unsafeWrite } from "./commands/write.js"
import * as Lag from "./lag.js"
import * as Pulse from "./pulse.js"
import * as Receiver from "./receiver.js"
import { Disconnect } from "./recovery.js"
import type { ShardState } from "./shardState.js"

/** The connection that beats. */
export interface Connection {
  readonly state: Pick<ShardState, "counters" | "latency" | "session">
  readonly socket: Pick<GatewaySocket.Connection, "unsafeWrite">
  readonly clock: Clock.Clock
  readonly receiver: Pick<Receiver.Receiver, "end" | "wasAcknowledged">
  readonly tell: (signal: Receiver.Signal) => void
  /** Whether reading was held up at any time since this was last asked. */
  readonly wasPaused: () => boolean
  readonly failed: (cause: unknown) => void
  /** What the end of the connection calls off. */
  readonly releases: Array<() => void>
}

/**
 * Sends a heartbeat, and says when it is written. It takes no fiber: one leaves twice as much garbage as all else about a
 * beat, and collecting that is most of what idle shards cost.
 */
export const unsafeBeat = (connection: Connection, limiter: CommandLimiter, onWritten: () => void): void => {
  const { clock, failed, receiver, state } = connection
  try {
    const now = clock.unsafeCurrentTimeMillis()
    const heartbeat = Outgoing.heartbeat(state.session?.sequence ?? null)
    state.latency = Latency.beatSent(state.latency, now)
    limiter.unsafeRecordHeartbeat(now)
    unsafeWrite(
      connection,
      heartbeat,
      (result) => Either.isLeft(result) ? receiver.end(result.left) : onWritten()
    )
  } catch (cause) {
    failed(cause)
  }
}

const member = (connection: Connection, limiter: CommandLimiter, interval: number): Heart.Member => {
  const { failed, receiver, tell, wasPaused } = connection
  let before: Pulse.Step | undefined
  // From the time that a heartbeat is due until it is written.
  let isWriting = false
  const written = () => {
    isWriting = false
  }
  return {
    onDue: (late) => {
      if (late >= Lag.noticeableMillis) {
        const blockedFor = Duration.millis(Math.round(late))
        tell(Receiver.Signal.Noticed({ diagnostic: Diagnostic.Lagged({ blockedFor }) }))
      }
      // Asking begins a new period for the next time.
      const seen = {
        isAcknowledged: receiver.wasAcknowledged(),
        wasPaused: wasPaused(),
        isWriting
      }
      before = Pulse.next(before, interval, { ...seen, late })
      switch (before._tag) {
        case "Beat": {
          isWriting = true
          unsafeBeat(connection, limiter, written)
          return { after: interval, slack: Pulse.slack(interval) }
        }
        case "Look":
          return { after: Pulse.answerStep(interval), slack: 0 }
        case "GiveUp": {
          receiver.end(Disconnect.Zombie())
          return undefined
        }
      }
    },
    onDefect: failed
  }
}

/** First after a random part of the interval, so that shards which started together do not beat together. */
export const start = (
  heart: Heart.Heart,
  connection: Connection,
  limiter: CommandLimiter,
  interval: Duration.Duration
): Effect.Effect<void> =>
  Effect.map(Random.next, (jitter) => {
    const millis = Duration.toMillis(interval)
    const first = { after: millis * jitter, slack: Pulse.slack(millis) }
    connection.releases.push(heart.unsafeJoin(member(connection, limiter, millis), first))
  })
