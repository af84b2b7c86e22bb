/** Publishes the diagnostics of a shard and logs them. */
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Diagnostic from "../../Diagnostic.js"
import * as LossLine from "./lossLine.js"
import * as Throttle from "./throttle.js"
import type { ShardState } from "../state/index.js"
import { Monotonic } from "../time/index.js"

type Tagged<T extends Diagnostic.Diagnostic["_tag"]> = Extract<Diagnostic.Diagnostic, { readonly _tag: T }>

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** When a block was last told to the log, by the clock of the program. */
const lastLagged = new WeakMap<Clock.Clock, number>()
const laggedPauseMillis = 5_000

/** Once for all shards of the process, which a block hits alike. */
const logLagged = (blockedFor: Duration.Duration): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const now = Monotonic.unsafeMillis(clock)
    if (now - (lastLagged.get(clock) ?? Number.NEGATIVE_INFINITY) < laggedPauseMillis) {
      return Effect.void
    }
    lastLagged.set(clock, now)
    return Effect.logWarning(
      `this process was blocked for ${Duration.format(blockedFor)}, and its heartbeats are late; ` +
        "move long computations into a worker"
    )
  })

/** A kind of line, which is throttled by itself; nothing for what has a throttle of its own. */
const kindOf = (diagnostic: Diagnostic.Diagnostic): string | undefined => {
  switch (diagnostic._tag) {
    case "Failure":
      return `Failure ${diagnostic.error._tag}`
    case "Reconnecting":
      return `Reconnecting ${diagnostic.next} ${diagnostic.reason}`
    case "HandlerFailed":
      return `HandlerFailed ${diagnostic.event}`
    case "Lagged":
    case "Dropped":
    case "Stalled":
    case "Abandoned":
      return undefined
    default:
      return diagnostic._tag
  }
}

const readyLine = ({ id, total }: ShardState.ShardState["id"], { guilds, name }: Tagged<"Ready">): string => {
  const as = Option.match(name, { onNone: () => "", onSome: (name) => ` as ${name}` })
  const count = Option.match(guilds, { onNone: () => "", onSome: (count) => ` with ${plural(count, "guild")}` })
  return `the session is ready${as}: shard ${id} of ${total}${count}`
}

const resumedLine = ({ away, isAssumed, replayed }: Tagged<"Resumed">): string => {
  const after = Option.match(away, { onNone: () => "", onSome: (away) => ` after ${LossLine.inWords(away)}` })
  const how = isAssumed ? "; RESUMED did not arrive, but events do" : ""
  return `the session was resumed${after}: ${plural(replayed, "event")} replayed${how}`
}

/** One line of the log. Its level and text, and the cause of what a handler did. */
type Line = readonly [level: LogLevel.LogLevel, text: string, cause?: Cause.Cause<unknown>]

const lineOf = (
  id: ShardState.ShardState["id"],
  diagnostic: Exclude<Diagnostic.Diagnostic, Tagged<"Lagged">>
): Line => {
  switch (diagnostic._tag) {
    case "Ready":
      return [LogLevel.Info, readyLine(id, diagnostic)]
    case "Resumed":
      return [LogLevel.Info, resumedLine(diagnostic)]
    case "Failure":
    case "SessionStoreFailed":
      return [LogLevel.Warning, diagnostic.error.message]
    case "SessionRefused":
      return [
        LogLevel.Warning,
        `the session of an earlier process is not resumed, because ${diagnostic.reasons.join(" and ")}`
      ]
    case "SessionDiffers":
      return [
        LogLevel.Info,
        `the session of an earlier process is resumed, although ${diagnostic.differences.join(" and ")}; the next ` +
        "identify uses the values of the config"
      ]
    case "Duplicate":
      return [LogLevel.Debug, `event ${diagnostic.sequence} was dropped: it was received before`]
    case "EarlyEvent":
      return [LogLevel.Warning, `${diagnostic.eventType} was dropped: it arrived before the session began`]
    case "Skipped":
      return [
        LogLevel.Error,
        `event ${diagnostic.sequence} is skipped: it is larger than this program accepts; raise maxPayload of the ` +
        "socket or maxMessageBytes of the decompressor"
      ]
    case "Gap": {
      const { after, before } = diagnostic
      return [LogLevel.Warning, `the events between ${after} and ${before} did not arrive`]
    }
    case "UnknownOpcode":
      return [LogLevel.Debug, `a message with the unknown opcode ${diagnostic.opcode} was ignored`]
    case "UnsafeResumeUrl":
      return [
        LogLevel.Warning,
        `the resume URL "${diagnostic.url}" is not used: it is no websocket URL, or not as safe as the gateway URL`
      ]
    case "Zombie":
      return [LogLevel.Warning, "the gateway did not acknowledge a heartbeat, the connection counts as dead"]
    case "Reconnecting":
      return [diagnostic.isFault ? LogLevel.Warning : LogLevel.Info, LossLine.make(diagnostic)]
    case "HandlerFailed": {
      const { cause, event, sequence } = diagnostic
      return [LogLevel.Error, `the handler of ${event} failed on event ${sequence}; the next event is handled`, cause]
    }
    case "Paused":
      return [
        LogLevel.Debug,
        `${diagnostic.buffered} messages wait for the program; reading pauses until half of them are taken`
      ]
    case "Stalled": {
      const { events, reader, waited } = diagnostic
      return [
        LogLevel.Warning,
        `paused for ${
          LossLine.inWords(waited)
        }: ${events} events wait for ${reader}, and another reader waits for later ` +
        "ones; let it do less for each event, or give it another strategy"
      ]
    }
    case "Abandoned":
      return [
        LogLevel.Warning,
        `${diagnostic.events} events waited for ${diagnostic.reader}; they are dropped because it does not read them`
      ]
    case "Dropped": {
      const { eventType, total } = diagnostic
      return [
        LogLevel.Warning,
        `a subscriber is too slow: ${total} of its events were dropped by now, the last one ${eventType}`
      ]
    }
  }
}

const throttles = new WeakMap<ShardState.ShardState, Throttle.Throttle>()

const throttleOf = (state: ShardState.ShardState): Throttle.Throttle => {
  const known = throttles.get(state) ?? Throttle.make()
  throttles.set(state, known)
  return known
}

const logOmitting = (
  id: ShardState.ShardState["id"],
  diagnostic: Diagnostic.Diagnostic,
  omitted: number
): Effect.Effect<void> => {
  if (diagnostic._tag === "Lagged") {
    return logLagged(diagnostic.blockedFor)
  }
  const [level, text, cause] = lineOf(id, diagnostic)
  const line = omitted === 0 ? text : `${text} (${plural(omitted, "line")} like this omitted)`
  return cause === undefined ? Effect.logWithLevel(level, line) : Effect.logWithLevel(level, line, cause)
}

/** Logs a diagnostic where there is no shard to publish it. */
export const log = (id: ShardState.ShardState["id"], diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  logOmitting(id, diagnostic, 0)

const logThrottled = (state: ShardState.ShardState, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const kind = kindOf(diagnostic)
    const omitted = kind === undefined ? 0 : throttleOf(state).unsafeTake(kind, Monotonic.unsafeMillis(clock))
    return omitted === undefined ? Effect.void : logOmitting(state.id, diagnostic, omitted)
  })

/** Publishes a diagnostic that has no line of its own in the log. */
export const publish = (state: ShardState.ShardState, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.sync(() => state.diagnostics.publish(diagnostic))

/** Publishes a diagnostic and logs it. */
export const report = (state: ShardState.ShardState, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.suspend(() => {
    state.diagnostics.publish(diagnostic)
    const { session } = state
    const line = logThrottled(state, diagnostic)
    return session === undefined ? line : Effect.annotateLogs(line, "session", session.id)
  })
