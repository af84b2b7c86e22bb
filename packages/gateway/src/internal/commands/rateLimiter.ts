/** Keeps one connection within the limit of 120 messages in 60 seconds. `CommandRateLimiter` contains the values. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CommandRateLimiter from "../../CommandRateLimiter.js"
import { Monotonic, SlidingLog } from "../time/index.js"

export interface CommandLimiter {
  /** Waits until a command may be sent. Counts nothing: `recordCommand` does, just before the command is written. */
  readonly awaitRoom: Effect.Effect<void>
  readonly recordCommand: Effect.Effect<void>
  /** Counts a heartbeat. */
  readonly unsafeRecordHeartbeat: (now: number) => void
  /**
   * Returns the milliseconds until a heartbeat may be sent; zero if one may be sent at `now`. Room is reserved for heartbeats,
   * so they wait only if the gateway requests more of them than the reserve, or sets a very short interval.
   */
  readonly unsafeHeartbeatDelay: (now: number) => number
  readonly snapshot: Effect.Effect<CommandRateLimiter.CommandRateLimiter>
}

/** The time for which a message counts. */
export const windowMillis = Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))

/** Heartbeats in a window, so that commands always have room. */
const maxHeartbeats = CommandRateLimiter.limit - CommandRateLimiter.minimum

export const make = (heartbeatInterval: Duration.Duration): CommandLimiter => {
  const max = CommandRateLimiter.capacity(heartbeatInterval)
  const commands = SlidingLog.make(windowMillis)
  const heartbeats = SlidingLog.make(windowMillis)
  const all = SlidingLog.make(windowMillis)

  // The second bound matters when the gateway requested more heartbeats than are reserved.
  const waitMillis = (now: number) =>
    Math.max(commands.waitUntilBelow(max, now), all.waitUntilBelow(CommandRateLimiter.limit, now))

  const awaitRoom: Effect.Effect<void> = Effect.flatMap(Monotonic.currentMillis, (now) => {
    const millis = waitMillis(now)
    return millis === 0 ? Effect.void : Effect.zipRight(Effect.sleep(millis), awaitRoom)
  })

  return {
    awaitRoom,
    recordCommand: Effect.map(Monotonic.currentMillis, (now) => {
      commands.record(now)
      all.record(now)
    }),
    unsafeRecordHeartbeat: (now) => {
      heartbeats.record(now)
      all.record(now)
    },
    unsafeHeartbeatDelay: (now) =>
      Math.max(heartbeats.waitUntilBelow(maxHeartbeats, now), all.waitUntilBelow(CommandRateLimiter.limit, now)),
    snapshot: Effect.map(Monotonic.currentMillis, (now) => {
      const taken = commands.count(now)
      return new CommandRateLimiter.CommandRateLimiter({
        available: Math.max(0, Math.min(max - taken, CommandRateLimiter.limit - all.count(now))),
        max,
        nextAvailable: Duration.millis(waitMillis(now)),
        nextRefill: taken === 0 ? Option.none() : Option.some(Duration.millis(commands.waitUntilBelow(taken, now)))
      })
    })
  }
}
