/** Publishes the diagnostics of a shard and logs them. */
import type * as ShardId from "@vesper/model/ShardId"
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Diagnostic from "../../Diagnostic.js"
import * as DisconnectLog from "./disconnectLog.js"
import * as Throttle from "./throttle.js"
import { Monotonic } from "../time/index.js"

/** The source of diagnostics: the state of a shard. */
export interface DiagnosticSource {
  readonly id: ShardId.ShardId
  readonly diagnostics: { readonly publish: (diagnostic: Diagnostic.Diagnostic) => void }
  readonly session: { readonly id: string } | undefined
}

type Tagged<T extends Diagnostic.Diagnostic["_tag"]> = Extract<Diagnostic.Diagnostic, { readonly _tag: T }>

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** The time of the last line about lag by clock. */
const lastLagged = new WeakMap<Clock.Clock, number>()
const laggedPauseMillis = 5_000

/** Logs lag once for all shards of the process. */
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

/** Returns the key of the throttle, or undefined for a diagnostic with a throttle of its own. */
const throttleKey = (diagnostic: Diagnostic.Diagnostic): string | undefined => {
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

const readyLine = ({ id, total }: ShardId.ShardId, { guilds, name }: Tagged<"Ready">): string => {
  const as = Option.match(name, { onNone: () => "", onSome: (name) => ` as ${name}` })
  const count = Option.match(guilds, { onNone: () => "", onSome: (count) => ` with ${plural(count, "guild")}` })
  return `the session is ready${as}: shard ${id} of ${total}${count}`
}

const resumedLine = ({ away, isAssumed, replayed }: Tagged<"Resumed">): string => {
  const after = Option.match(away, {
    onNone: () => "",
    onSome: (away) => ` after ${DisconnectLog.formatDuration(away)}`
  })
  const assumption = isAssumed ? "; RESUMED did not arrive, but events do" : ""
  return `the session was resumed${after}: ${plural(replayed, "event")} replayed${assumption}`
}

/** One line of the log: its level and text, and the cause of a handler's failure. */
type Line = readonly [level: LogLevel.LogLevel, text: string, cause?: Cause.Cause<unknown>]

const formatLine = (
  id: ShardId.ShardId,
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
        `the resume URL "${diagnostic.url}" is not used: it is not a websocket URL, or less safe than the gateway URL`
      ]
    case "Zombie":
      return [LogLevel.Warning, "the gateway did not acknowledge a heartbeat; the connection is closed"]
    case "Reconnecting":
      return [diagnostic.isFault ? LogLevel.Warning : LogLevel.Info, DisconnectLog.make(diagnostic)]
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
          DisconnectLog.formatDuration(waited)
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

const throttles = new WeakMap<DiagnosticSource, Throttle.LogThrottle>()

const throttleFor = (source: DiagnosticSource): Throttle.LogThrottle => {
  const throttle = throttles.get(source) ?? Throttle.make()
  throttles.set(source, throttle)
  return throttle
}

const logLine = (
  id: ShardId.ShardId,
  diagnostic: Diagnostic.Diagnostic,
  omitted: number
): Effect.Effect<void> => {
  if (diagnostic._tag === "Lagged") {
    return logLagged(diagnostic.blockedFor)
  }
  const [level, text, cause] = formatLine(id, diagnostic)
  const line = omitted === 0 ? text : `${text} (${plural(omitted, "line")} like this omitted)`
  return cause === undefined ? Effect.logWithLevel(level, line) : Effect.logWithLevel(level, line, cause)
}

/** Logs a diagnostic without publishing it. */
export const log = (id: ShardId.ShardId, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  logLine(id, diagnostic, 0)

const logThrottled = (source: DiagnosticSource, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const key = throttleKey(diagnostic)
    const omitted = key === undefined ? 0 : throttleFor(source).unsafeTake(key, Monotonic.unsafeMillis(clock))
    return omitted === undefined ? Effect.void : logLine(source.id, diagnostic, omitted)
  })

/** Publishes a diagnostic without logging it. */
export const publish = (source: DiagnosticSource, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.sync(() => source.diagnostics.publish(diagnostic))

/** Publishes a diagnostic and logs it. */
export const report = (source: DiagnosticSource, diagnostic: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Effect.suspend(() => {
    source.diagnostics.publish(diagnostic)
    const { session } = source
    const line = logThrottled(source, diagnostic)
    return session === undefined ? line : Effect.annotateLogs(line, "session", session.id)
  })

const sources = new WeakMap<object, DiagnosticSource>()

/** Associates a public shard with the source of its diagnostics. */
export const setSource = (shard: object, source: DiagnosticSource): void => {
  sources.set(shard, source)
}

/** Publishes and logs a diagnostic of a public shard. Only logs it for a shard that the library has not made. */
export const reportTo = (
  shard: { readonly id: ShardId.ShardId },
  diagnostic: Diagnostic.Diagnostic
): Effect.Effect<void> => {
  const source = sources.get(shard)
  return source === undefined ? log(shard.id, diagnostic) : report(source, diagnostic)
}
