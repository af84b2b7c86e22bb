/** Lets a connection beat, and ends it once it is dead. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Diagnostic from "../Diagnostic.js"
import type * as Heart from "../Heart.js"
import * as Lag from "./lag.js"
import * as Pulse from "./pulse.js"
import * as Receiver from "./receiver.js"
import { Disconnect } from "./recovery.js"

/** The connection that beats. */
export interface Connection {
  readonly receiver: Pick<Receiver.Receiver, "end" | "wasAcknowledged">
  readonly tell: (signal: Receiver.Signal) => void
  /** Whether reading was held up at any time since this was last asked. */
  readonly wasPaused: () => boolean
  /** From the time that a heartbeat is due until it is written. */
  isWriting: boolean
  readonly failed: (cause: unknown) => void
  /** What the end of the connection calls off. */
  readonly releases: Array<() => void>
}

const member = (connection: Connection, interval: number): Heart.Member => {
  const { failed, receiver, tell, wasPaused } = connection
  let before: Pulse.Step | undefined
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
        isWriting: connection.isWriting
      }
      before = Pulse.next(before, interval, { ...seen, late })
      switch (before._tag) {
        case "Beat": {
          connection.isWriting = true
          tell(Receiver.Signal.HeartbeatDue())
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
export const start = (heart: Heart.Heart, connection: Connection, interval: Duration.Duration): Effect.Effect<void> =>
  Effect.map(Random.next, (jitter) => {
    const millis = Duration.toMillis(interval)
    const first = { after: millis * jitter, slack: Pulse.slack(millis) }
    connection.releases.push(heart.unsafeJoin(member(connection, millis), first))
  })
