/** Keeps a shard connected: runs a connection, decides the next step by the reconnect policy, waits, and repeats. */
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
import { Disconnect, ReconnectPolicy } from "../reconnect/index.js"
import type { ReconnectThrottle } from "../reconnect/index.js"
import { Connection } from "../connection/index.js"
import { GatewayUrl, PeerText } from "../wire/index.js"
import { DisconnectLog, publish, report } from "../diagnostics/index.js"
import { ShardState } from "../state/index.js"
import { keepInterruption, Monotonic } from "../time/index.js"

/** The services that a shard uses and does not own. */
export interface ShardServices extends Connection.ConnectionServices {
  readonly reconnectThrottle: ReconnectThrottle.ReconnectThrottle
}

const countReconnect = (reason: Disconnect): Effect.Effect<void> => {
  const code = Option.match(ReconnectPolicy.closeFrame(reason), {
    onNone: () => "none",
    onSome: ({ code }) => String(code)
  })
  const byReason = Metric.tagged(ShardMetrics.reconnects, "reason", reason._tag)
  return Metric.increment(Metric.tagged(byReason, "code", code))
}

/** Publishes the error that ended a connection. Its log line follows with the decision on the next step. */
const publishEnd = (
  state: ShardState.ShardState,
  outcome: Connection.ConnectionOutcome,
  attempt: number
): Effect.Effect<void> => {
  const fail = (error: ShardError.RecoverableError) => {
    state.log.notify({ _tag: "Failure", error, position: 0 })
    return publish(state, Diagnostic.Failure({ error }))
  }
  const publishReason = Disconnect.$match(outcome.reason, {
    Unreachable: ({ cause }) => fail(new ShardError.ReconnectError({ attempt, cause })),
    TimedOut: (reason) =>
      fail(new ShardError.ReconnectError({ attempt, cause: new Error(DisconnectLog.describe(reason)) })),
    Failed: ({ error }) => fail(error),
    Zombie: () => publish(state, Diagnostic.Zombie()),
    Closed: () => Effect.void,
    ReconnectRequested: () => Effect.void,
    SessionInvalidated: () => Effect.void
  })
  return Effect.zipRight(
    publishReason,
    Effect.sync(() => {
      if (outcome.opened) {
        state.log.notify({ _tag: "Close", frame: outcome.frame, position: 0 })
      }
    })
  )
}

const selectUrl = (
  state: ShardState.ShardState,
  services: ShardServices,
  host: ReconnectPolicy.Host
): string =>
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

/** The next connection: the history of those before it, and its host. */
interface NextConnection {
  readonly history: ReconnectPolicy.History
  readonly host: ReconnectPolicy.Host
}

/**
 * Runs until the gateway closes the shard permanently. An interruption closes the connection with `closeFrame`, or with a code
 * that keeps the session.
 */
export const run = (
  state: ShardState.ShardState,
  services: ShardServices,
  closeFrame: () => Option.Option<CloseFrame.CloseFrame>
): Effect.Effect<void> => {
  const { reconnect } = state.config

  /** Runs one connection and the wait after it. Returns undefined if the shard has stopped. */
  const step = ({ history, host }: NextConnection): Effect.Effect<NextConnection | undefined> =>
    Effect.gen(function*() {
      if (history !== ReconnectPolicy.initial || state.session !== undefined) {
        yield* services.reconnectThrottle(state.session === undefined ? "identify" : "resume")
      }
      const outcome = yield* Connection.run(state, services, selectUrl(state, services, host), closeFrame)
      const now = yield* Monotonic.currentMillis
      const [decision, next] = ReconnectPolicy.decide(history, {
        reason: outcome.reason,
        hasSession: state.session !== undefined,
        hasResumeUrl: ShardState.resumeUrl(state) !== undefined,
        opened: outcome.opened,
        establishedFor: Option.map(outcome.establishedAt, (at) => now - at),
        now,
        wallTime: yield* Clock.currentTimeMillis,
        random: yield* Random.next
      }, reconnect)
      yield* publishEnd(state, outcome, next.attempts)
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
          reason: DisconnectLog.describe(outcome.reason),
          isFault: DisconnectLog.isFault(outcome.reason),
          next: decision._tag === "Resume" ? "resume" : "identify",
          after: decision.after,
          attempt: decision._tag === "Resume" ? next.losses : next.attempts
        })
      )
      yield* Effect.sleep(decision.after)
      return { history: next, host: decision._tag === "Resume" ? decision.host : "gateway" }
    })

  /** Runs steps in a loop, because a recursion would retain every step for the lifetime of the shard. */
  const steps = (first: NextConnection): Effect.Effect<void> =>
    Effect.gen(function*() {
      for (let next: NextConnection | undefined = first; next !== undefined;) {
        next = yield* step(next)
      }
    })

  // Without a restart, readers would wait forever after a defect. The pause bounds the rate of connections.
  const run: Effect.Effect<void> = Effect.suspend(() =>
    steps({ history: ReconnectPolicy.initial, host: ShardState.resumeUrl(state) === undefined ? "gateway" : "resume" })
  ).pipe(
    Effect.catchAllDefect((cause) => {
      const error = new ShardError.DefectError({ subject: "the shard", cause })
      state.log.notify({ _tag: "Failure", error, position: 0 })
      state.diagnostics.publish(Diagnostic.Failure({ error }))
      const pause = Duration.format(reconnect.backoffMax)
      // The logger itself may have the defect.
      const log = Effect.catchAllDefect(
        Effect.logError(
          `the shard has a defect and starts again in ${pause}; please report it: ${PeerText.describe(cause)}`
        ),
        () => Effect.void
      )
      // The connection has ended.
      state.status.set(ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 1 }))
      return log.pipe(Effect.zipRight(Effect.sleep(reconnect.backoffMax)), Effect.zipRight(run))
    })
  )
  // The fiber outlives the scopes of its connections.
  return Effect.zipRight(keepInterruption, run)
}
