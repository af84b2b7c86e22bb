/** The limiter of one connection: what `CommandRateLimiter` describes, with its state. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CommandRateLimiter from "../CommandRateLimiter.js"
import * as SlidingLog from "./slidingLog.js"

export interface CommandLimiter {
  /** Waits until a command may be sent. Takes no place yet: that is `recordCommand`, just before it is written. */
  readonly awaitRoom: Effect.Effect<void>
  readonly recordCommand: Effect.Effect<void>
  /** Heartbeats are counted and never wait. */
  readonly unsafeRecordHeartbeat: (now: number) => void
  readonly snapshot: Effect.Effect<CommandRateLimiter.CommandRateLimiter>
}

const windowMillis = Duration.toMillis(Duration.sum(CommandRateLimiter.window, CommandRateLimiter.margin))

export const make = (heartbeatInterval: Duration.Duration): CommandLimiter => {
  const max = CommandRateLimiter.capacity(heartbeatInterval)
  const commands = SlidingLog.make(windowMillis)
  const all = SlidingLog.make(windowMillis)

  // The second bound matters when the gateway asked for more heartbeats than the reserve foresees.
  const waitMillis = (now: number) =>
    Math.max(commands.waitUntilBelow(max, now), all.waitUntilBelow(CommandRateLimiter.limit, now))

  const awaitRoom: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const millis = waitMillis(now)
    return millis === 0 ? Effect.void : Effect.zipRight(Effect.sleep(millis), awaitRoom)
  })

  return {
    awaitRoom,
    recordCommand: Effect.map(Clock.currentTimeMillis, (now) => {
      commands.record(now)
      all.record(now)
    }),
    unsafeRecordHeartbeat: all.record,
    snapshot: Effect.map(Clock.currentTimeMillis, (now) => {
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
