/** Tells the log and the diagnostics stream what a shard noticed. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Diagnostic from "../Diagnostic.js"
import type { ShardState } from "./shardState.js"

/** When a block was last told to the log, by the clock of the program. */
const lastLagged = new WeakMap<Clock.Clock, number>()
const laggedPauseMillis = 5_000

/** Once for all shards of the process, which a block hits alike. */
const logLagged = (blockedFor: Duration.Duration): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const now = clock.unsafeCurrentTimeMillis()
    if (now - (lastLagged.get(clock) ?? Number.NEGATIVE_INFINITY) < laggedPauseMillis) {
      return Effect.void
    }
    lastLagged.set(clock, now)
    return Effect.logWarning(
      `this process was blocked for ${Duration.format(blockedFor)}, and its heartbeats are late; ` +
        "move long computations into a worker"
    )
  })

export const log: (diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void> = Diagnostic.match({
  Failure: ({ error }) => Effect.logWarning(error.message),
  Duplicate: ({ sequence }) => Effect.logDebug(`dropped event ${sequence}, which had come before`),
  Gap: ({ after, before }) => Effect.logWarning(`the events between ${after} and ${before} never came`),
  UnknownOpcode: ({ opcode }) => Effect.logDebug(`ignored a message with the unknown opcode ${opcode}`),
  UnsafeResumeUrl: ({ url }) =>
    Effect.logWarning(`the gateway named "${url}" to resume at, which is not as safe as its own URL; it is not used`),
  Zombie: () => Effect.logWarning("the gateway did not acknowledge a heartbeat, the connection counts as dead"),
  Reconnecting: ({ after, attempt, next, reason }) =>
    Effect.logInfo(`${reason}; ${next} in ${Duration.format(after)} (attempt ${attempt})`),
  SessionStoreFailed: ({ error }) => Effect.logWarning(error.message),
  HandlerFailed: ({ cause, event, sequence }) =>
    Effect.logError(`the handler of ${event} failed on event ${sequence}; the next event is handled`, cause),
  Paused: ({ buffered }) =>
    Effect.logDebug(`${buffered} messages wait for the program; reading pauses until half of them are taken`),
  Lagged: ({ blockedFor }) => logLagged(blockedFor),
  Dropped: ({ eventType, total }) =>
    Effect.logWarning(
      `a subscriber is too slow: ${total} of its events were dropped by now, the last one ${eventType}`
    ),
  Stalled: ({ events, reader, waited }) =>
    Effect.logWarning(
      `paused for ${
        Duration.format(waited)
      }: ${events} events wait for ${reader}, and another reader waits for later ones; ` +
        "let it do less for each event, or give it another strategy"
    ),
  Abandoned: ({ events, reader }) =>
    Effect.logWarning(`${events} events waited for ${reader}; they are dropped because it does not read them`)
})

export const report = (state: ShardState, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.suspend(() => {
    state.diagnostics.publish(diagnostic)
    const { session } = state
    return session === undefined ? log(diagnostic) : Effect.annotateLogs(log(diagnostic), "session", session.id)
  })
