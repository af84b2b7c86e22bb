/** Keeps a shard connected: connect, run, decide, wait, connect again. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Diagnostic from "../../Diagnostic.js"
import * as ShardError from "../../ShardError.js"
import * as ShardMetrics from "../../ShardMetrics.js"
import * as ShardStatus from "../../ShardStatus.js"
import { Disconnect, Recovery } from "../reconnect/index.js"
import type { ConnectPace } from "../reconnect/index.js"
import { Connection } from "../connection/index.js"
import { GatewayUrl } from "../wire/index.js"
import { LossLine, publish, report } from "../diagnostics/index.js"
import { ShardState } from "../state/index.js"
import { keepInterruption, Monotonic } from "../time/index.js"

/** What a shard uses and does not own. */
export interface Services extends Connection.Services {
  readonly pace: ConnectPace.Pace
}

const countReconnect = (reason: Disconnect): Effect.Effect<void> => {
  const code = Option.match(Recovery.closeCode(reason), { onNone: () => "none", onSome: String })
  const byReason = Metric.tagged(ShardMetrics.reconnects, "reason", reason._tag)
  return Metric.increment(Metric.tagged(byReason, "code", code))
}

/** Publishes the error that ended a connection. The log has one line for it, with what the shard does next. */
const announce = (state: ShardState.ShardState, outcome: Connection.Outcome, attempt: number): Effect.Effect<void> => {
  const fail = (error: ShardError.RecoverableError) => {
    state.log.notify({ _tag: "Failure", error, position: 0 })
    return publish(state, Diagnostic.Failure({ error }))
  }
  const told = Disconnect.$match(outcome.reason, {
    Unreachable: ({ cause }) => fail(new ShardError.ReconnectError({ attempt, cause })),
    TimedOut: (reason) => fail(new ShardError.ReconnectError({ attempt, cause: new Error(LossLine.describe(reason)) })),
    Failed: ({ error }) => fail(error),
    Zombie: () => publish(state, Diagnostic.Zombie()),
    Closed: () => Effect.void,
    ReconnectRequested: () => Effect.void,
    SessionInvalidated: () => Effect.void
  })
  return Effect.zipRight(
    told,
    Effect.sync(() => {
      if (outcome.opened) {
        state.log.notify({ _tag: "Close", frame: outcome.frame, position: 0 })
      }
    })
  )
}

const urlOf = (state: ShardState.ShardState, services: Connection.Services, host: Recovery.Host): string =>
  GatewayUrl.make(
    (host === "resume" ? ShardState.resumeUrl(state) : undefined) ??
      Option.getOrElse(state.config.proxyUrl, () => state.config.gatewayUrl),
    state.config.apiVersion,
    services.decompressor.compression
  )

const stop = (state: ShardState.ShardState, code: number, reason: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const error = new ShardError.FatallyClosedError({ code, reason })
    state.session = undefined
    state.status.set(ShardStatus.FatallyClosed({ closeCode: code }))
    state.log.end(error)
    return Effect.zipRight(state.commands.close(error), Effect.logError(error.message))
  })

/** The connection to come: what is remembered of those before it, and where it leads. */
interface Next {
  readonly history: Recovery.History
  readonly host: Recovery.Host
}

/**
 * Runs until the gateway closes the shard for good, or until it is interrupted; then the connection closes with
 * `closeFrame`, or with a code that keeps the session.
 */
export const run = (
  state: ShardState.ShardState,
  services: Services,
  closeFrame: () => Option.Option<CloseFrame.CloseFrame>
): Effect.Effect<void> => {
  const { reconnect } = state.config

  /** One connection, and the wait after it. What comes next; nothing if the shard has stopped. */
  const step = ({ history, host }: Next): Effect.Effect<Next | undefined> =>
    Effect.gen(function*() {
      if (history !== Recovery.initial || state.session !== undefined) {
        yield* services.pace(state.session === undefined ? "identify" : "resume")
      }
      const outcome = yield* Connection.run(state, services, urlOf(state, services, host), closeFrame)
      const now = yield* Monotonic.currentMillis
      const [decision, next] = Recovery.decide(history, {
        reason: outcome.reason,
        hasSession: state.session !== undefined,
        hasResumeUrl: ShardState.resumeUrl(state) !== undefined,
        opened: outcome.opened,
        establishedFor: Option.map(outcome.establishedAt, (at) => now - at),
        now,
        wallTime: yield* Clock.currentTimeMillis,
        random: yield* Random.next
      }, reconnect)
      yield* announce(state, outcome, next.attempts)
      if (decision._tag === "Stop") {
        yield* stop(state, decision.code, decision.reason)
        return undefined
      }
      yield* countReconnect(outcome.reason)
      if (decision._tag === "Identify") {
        state.session = undefined
      }
      state.status.set(ShardStatus.Disconnected({
        closeCode: Option.map(outcome.frame, ({ code }) => code),
        reconnectAttempts: next.attempts
      }))
      yield* report(
        state,
        Diagnostic.Reconnecting({
          reason: LossLine.describe(outcome.reason),
          isFault: LossLine.isFault(outcome.reason),
          next: decision._tag === "Resume" ? "resume" : "identify",
          after: decision.after,
          attempt: decision._tag === "Resume" ? next.losses : next.attempts
        })
      )
      yield* Effect.sleep(decision.after)
      return { history: next, host: decision._tag === "Resume" ? decision.host : "gateway" }
    })

  /** A loop: a step that called the next would be kept with all that it knows, for as long as the shard lives. */
  const steps = (first: Next): Effect.Effect<void> =>
    Effect.gen(function*() {
      for (let next: Next | undefined = first; next !== undefined;) {
        next = yield* step(next)
      }
    })

  // A defect would leave everybody who reads waiting for ever. Whatever it is, it must not knock at the gateway's door
  // without a pause either.
  const run: Effect.Effect<void> = Effect.suspend(() =>
    steps({ history: Recovery.initial, host: ShardState.resumeUrl(state) === undefined ? "gateway" : "resume" })
  ).pipe(
    Effect.catchAllDefect((cause) => {
      const error = new ShardError.ProcessError({ subject: "the shard's own state", cause })
      state.log.notify({ _tag: "Failure", error, position: 0 })
      state.diagnostics.publish(Diagnostic.Failure({ error }))
      const pause = Duration.format(reconnect.backoffMax)
      // The defect may be the logger's own.
      const log = Effect.catchAllDefect(
        Effect.logError(`the shard has a defect and starts again in ${pause}; please report it: ${error.message}`),
        () => Effect.void
      )
      // Its connection is gone, whatever it was doing.
      state.status.set(ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 1 }))
      return log.pipe(Effect.zipRight(Effect.sleep(reconnect.backoffMax)), Effect.zipRight(run))
    })
  )
  // The fiber outlives the scopes of its connections.
  return Effect.zipRight(keepInterruption, run)
}
