/**
 * Decides whether a shard resumes, identifies or stops after a connection has ended. A pure function: its inputs include the
 * time and a random number, so that its whole table can be tested.
 */
import * as CloseCode from "@vesper/model/CloseCode"
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as GatewaySocket from "../../GatewaySocket.js"
import * as IdentifyQueue from "../../IdentifyQueue.js"
import type * as ShardConfig from "../../ShardConfig.js"
import { backoff } from "../time/index.js"
import type { Disconnect } from "./disconnectReason.js"

/** The URL of a connection: the session's resume URL, or the gateway URL. */
export type Host = "resume" | "gateway"

/** The state that is kept from one connection to the next. */
export interface History {
  /** Consecutive connections that ended before their session was stable. They determine the back-off of an IDENTIFY. */
  readonly attempts: number
  /**
   * Losses that determine the back-off of a resume. A session halves them for each five seconds that it is established, and
   * resets them after twenty.
   */
  readonly losses: number
  /** Consecutive attempts to resume that failed before RESUMED. */
  readonly failedResumes: number
  /** The time at which the session to resume was lost, in milliseconds of monotonic time. */
  readonly lostAt: Option.Option<number>
}

/** The history of a shard that has not connected yet. */
export const initial: History = { attempts: 0, losses: 0, failedResumes: 0, lostAt: Option.none() }

/** A connection that has ended. */
export interface EndedConnection {
  readonly reason: Disconnect
  /** A session could be resumed. */
  readonly hasSession: boolean
  /** The session has a resume URL. */
  readonly hasResumeUrl: boolean
  /** The websocket was opened. */
  readonly opened: boolean
  /** Milliseconds since READY or RESUMED; none if neither arrived. */
  readonly establishedFor: Option.Option<number>
  /** Monotonic time in milliseconds. */
  readonly now: number
  /** Wall time in milliseconds, for times from outside of the process. */
  readonly wallTime: number
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: number
}

/** The next step of a shard. */
export type Decision = Data.TaggedEnum<{
  Resume: { readonly after: Duration.Duration; readonly host: Host }
  /** Drop the session and request a new one. */
  Identify: { readonly after: Duration.Duration }
  Stop: { readonly code: number; readonly reason: string }
}>

export const Decision = Data.taggedEnum<Decision>()

/** Returns the wait after `attempts` failed attempts: zero after none, so that a healthy shard reconnects immediately. */
export const waitAfter = (policy: ShardConfig.Reconnect, attempts: number, random: number): Duration.Duration =>
  attempts === 0
    ? Duration.zero
    : Duration.millis(
      backoff(Duration.toMillis(policy.backoffBase), Duration.toMillis(policy.backoffMax), attempts, random)
    )

/** Returns the close frame that ended the connection. */
export const closeFrame = (reason: Disconnect): Option.Option<CloseFrame.CloseFrame> =>
  reason._tag === "Closed" ? reason.frame : Option.none()

/** Returns whether the gateway has ended the session. */
const endsSession = (reason: Disconnect): boolean =>
  reason._tag === "SessionInvalidated"
    ? !reason.resumable
    : Option.exists(closeFrame(reason), ({ code }) => !CloseCode.mayResume(code))

/** Returns the host of the next attempt to resume. */
export const resumeHost = (policy: ShardConfig.Reconnect, failedResumes: number, hasResumeUrl: boolean): Host =>
  hasResumeUrl && failedResumes < policy.resumeAttempts ? "resume" : "gateway"

/**
 * Returns whether the attempts to resume are exhausted. If a host answered, the session is invalid and the shard identifies. If
 * no host could be reached, an IDENTIFY would fail as well, so the session is kept for `resumeWindow`.
 */
const areResumesExhausted = (history: History, ended: EndedConnection, policy: ShardConfig.Reconnect): boolean => {
  const budget = policy.resumeAttempts * (ended.hasResumeUrl ? 2 : 1)
  if (history.failedResumes < budget) {
    return false
  }
  const lostFor = ended.now - Option.getOrElse(history.lostAt, () => ended.now)
  return ended.opened || lostFor >= Duration.toMillis(policy.resumeWindow)
}

const delayAfterInvalidation = (policy: ShardConfig.Reconnect, ended: EndedConnection): Duration.Duration =>
  ended.reason._tag !== "SessionInvalidated" ? Duration.zero : Option.match(policy.invalidSessionDelay, {
    onNone: () => Duration.zero,
    onSome: ([min, max]) =>
      Duration.millis(
        Math.round(Duration.toMillis(min) + ended.random * (Duration.toMillis(max) - Duration.toMillis(min)))
      )
  })

/** Returns the time until the identify budget is available again, at most its window. */
const untilBudget = ({ reason, wallTime }: EndedConnection): Duration.Duration =>
  reason._tag === "Failed" && reason.error._tag === "IdentifyBudgetExhausted"
    ? reason.error.after ?? Duration.clamp(Duration.millis(reason.error.until - wallTime), {
      minimum: Duration.zero,
      maximum: IdentifyQueue.budgetWindow
    })
    : Duration.zero

/** The limit of `Retry-After`, in case the gateway sends a wrong value. */
const maxRetryAfter = Duration.hours(1)

/** Returns the wait that the gateway requested when it refused the upgrade. */
const retryAfter = ({ reason }: EndedConnection): Duration.Duration =>
  reason._tag === "Unreachable" && reason.cause instanceof GatewaySocket.OpenError
    ? Duration.min(Option.getOrElse(reason.cause.retryAfter, () => Duration.zero), maxRetryAfter)
    : Duration.zero

const halfLifeMillis = 5_000

/** The duration of a session that resets the count of losses. */
export const healthyAfter = Duration.seconds(20)

/** Returns the losses that still count after a session. */
const lossesAfter = (losses: number, establishedFor: number): number =>
  establishedFor >= Duration.toMillis(healthyAfter)
    ? 0
    : Math.floor(losses / 2 ** Math.floor(establishedFor / halfLifeMillis))

/**
 * Decides the next step after a connection has ended, and returns the history for the decision after it. A session is resumed
 * while its attempts last, because IDENTIFYs are limited to about a thousand a day.
 */
export const decide = (
  history: History,
  ended: EndedConnection,
  policy: ShardConfig.Reconnect
): readonly [Decision, History] => {
  const frame = closeFrame(ended.reason)
  if (Option.isSome(frame) && !CloseCode.mayReconnect(frame.value.code)) {
    const { code, reason } = frame.value
    return [Decision.Stop({ code, reason }), initial]
  }
  const establishedFor = Option.getOrElse(ended.establishedFor, () => 0)
  const isEstablished = Option.isSome(ended.establishedFor)
  const isStable = isEstablished && establishedFor >= Duration.toMillis(policy.stableAfter)
  const before = isStable ? initial : { ...history, losses: lossesAfter(history.losses, establishedFor) }
  const [attempts, losses] = [before.attempts + 1, before.losses + 1]
  const wait = (count: number) => Duration.max(waitAfter(policy, count, ended.random), retryAfter(ended))
  const identify = (): readonly [Decision, History] => [
    Decision.Identify({
      after: Duration.max(
        untilBudget(ended),
        Duration.sum(wait(before.attempts), delayAfterInvalidation(policy, ended))
      )
    }),
    { attempts, losses, failedResumes: 0, lostAt: Option.none() }
  ]
  if (!ended.hasSession || endsSession(ended.reason)) {
    return identify()
  }
  const next: History = {
    attempts,
    losses,
    failedResumes: isEstablished ? 0 : before.failedResumes + 1,
    lostAt: isEstablished || Option.isNone(before.lostAt) ? Option.some(ended.now) : before.lostAt
  }
  if (areResumesExhausted(next, ended, policy)) {
    return identify()
  }
  const after = wait(before.losses)
  return [Decision.Resume({ after, host: resumeHost(policy, next.failedResumes, ended.hasResumeUrl) }), next]
}
