/**
 * Decides what a shard does after a connection has ended. One pure function: its inputs are values, random numbers and times
 * included, so that its whole table can be tested.
 */
import * as CloseCode from "@vesper/model/CloseCode"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as GatewaySocket from "../../GatewaySocket.js"
import * as IdentifyBudget from "../../IdentifyBudget.js"
import type { Disconnect } from "./disconnect.js"

/** Where to connect to: the session's resume URL, or the gateway URL that every first connection uses. */
export type Host = "resume" | "gateway"

/** The state that is kept from one connection to the next. */
export interface History {
  /** Connections in a row that ended before their session was stable. An identify waits by them. */
  readonly attempts: number
  /**
   * Losses that still count for a resume: a session halves them for each five seconds that it is established, and forgets
   * them after twenty.
   */
  readonly losses: number
  /** Attempts in a row to resume that did not reach RESUMED. */
  readonly failedResumes: number
  /** The time at which the session was last alive, if there is one to resume; in milliseconds of monotonic time. */
  readonly lostAt: Option.Option<number>
}

export const initial: History = { attempts: 0, losses: 0, failedResumes: 0, lostAt: Option.none() }

/** The connection that has just ended. */
export interface Ended {
  readonly reason: Disconnect
  /** There is a session that could be resumed. */
  readonly hasSession: boolean
  /** The session has a resume URL. */
  readonly hasResumeUrl: boolean
  /** The socket was open. */
  readonly opened: boolean
  /** Milliseconds since READY or RESUMED; none if neither had arrived. */
  readonly establishedFor: Option.Option<number>
  /** Monotonic time in milliseconds. */
  readonly now: number
  /** Wall time in milliseconds, for times that come from outside of the process. */
  readonly wallTime: number
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly random: number
}

/** The limits that `decide` keeps. */
export interface Policy {
  /** The wait after the second failure in a row; it doubles with each further one. */
  readonly backoffBase: Duration.Duration
  readonly backoffMax: Duration.Duration
  /** How long a session must be established for earlier failures not to count. */
  readonly stableAfter: Duration.Duration
  /** Attempts to resume at the resume URL, and after those at the gateway URL. */
  readonly resumeAttempts: number
  /** How long a session is held on to while no host at all can be reached. */
  readonly resumeWindow: Duration.Duration
  /** A random wait between these two before a new session is asked for after opcode 9. */
  readonly invalidSessionDelay: Option.Option<readonly [min: Duration.Duration, max: Duration.Duration]>
}

/** What to do next. */
export type Decision = Data.TaggedEnum<{
  Resume: { readonly after: Duration.Duration; readonly host: Host }
  /** Forget the session if there is one, and ask for a new one. */
  Identify: { readonly after: Duration.Duration }
  Stop: { readonly code: number; readonly reason: string }
}>

export const Decision = Data.taggedEnum<Decision>()

/**
 * The wait before attempt number `attempts` + 1: none at first, so that a healthy shard is back at once, then doubling
 * up to the limit. Chance takes away up to half of it, so that shards which fell together do not come back together.
 */
export const backoff = (policy: Policy, attempts: number, random: number): Duration.Duration => {
  if (attempts === 0) {
    return Duration.zero
  }
  const full = Math.min(
    Duration.toMillis(policy.backoffMax),
    // A power beyond 2^30 only overshoots the limit further.
    Duration.toMillis(policy.backoffBase) * 2 ** Math.min(attempts - 1, 30)
  )
  return Duration.millis(Math.round(full * (1 - random / 2)))
}

/** The code of the gateway's close frame, if that is what ended the connection. */
export const closeCode = (reason: Disconnect): Option.Option<number> =>
  reason._tag === "Closed" ? Option.map(reason.frame, (frame) => frame.code) : Option.none()

/** Whether the session is over by what the gateway said, whatever was tried before. */
const endsSession = (reason: Disconnect): boolean =>
  reason._tag === "SessionInvalidated"
    ? !reason.resumable
    : Option.exists(closeCode(reason), (code) => !CloseCode.mayResume(code))

/** Which host the next attempt to resume goes to, after `failedResumes` that failed. */
export const resumeHost = (policy: Policy, failedResumes: number, hasResumeUrl: boolean): Host =>
  hasResumeUrl && failedResumes < policy.resumeAttempts ? "resume" : "gateway"

/**
 * Both hosts have had their attempts. If something answered, the session is what fails, and a new one helps. If
 * nothing could be reached, asking for a new one would fail as well: the session is kept as long as Discord may.
 */
const isResumingSpent = (history: History, ended: Ended, policy: Policy): boolean => {
  const budget = policy.resumeAttempts * (ended.hasResumeUrl ? 2 : 1)
  if (history.failedResumes < budget) {
    return false
  }
  const lostFor = ended.now - Option.getOrElse(history.lostAt, () => ended.now)
  return ended.opened || lostFor >= Duration.toMillis(policy.resumeWindow)
}

const delayAfterInvalidation = (policy: Policy, ended: Ended): Duration.Duration =>
  ended.reason._tag !== "SessionInvalidated" ? Duration.zero : Option.match(policy.invalidSessionDelay, {
    onNone: () => Duration.zero,
    onSome: ([min, max]) =>
      Duration.millis(
        Math.round(Duration.toMillis(min) + ended.random * (Duration.toMillis(max) - Duration.toMillis(min)))
      )
  })

/** An attempt before the budget is available again would only end like this one. A budget lasts a window at most. */
const untilBudget = ({ reason, wallTime }: Ended): Duration.Duration =>
  reason._tag === "Failed" && reason.error._tag === "IdentifyBudgetExhausted"
    ? reason.error.after ?? Duration.clamp(Duration.millis(reason.error.until - wallTime), {
      minimum: Duration.zero,
      maximum: IdentifyBudget.window
    })
    : Duration.zero

/** A longer `Retry-After` is not obeyed: it costs one attempt an hour, and may be a mistake of the gateway's. */
const maxRetryAfter = Duration.hours(1)

/** The wait that the gateway has asked for when it refused the upgrade. */
const retryAfter = ({ reason }: Ended): Duration.Duration =>
  reason._tag === "Unreachable" && reason.cause instanceof GatewaySocket.OpenError
    ? Duration.min(Option.getOrElse(reason.cause.retryAfter, () => Duration.zero), maxRetryAfter)
    : Duration.zero

const halfLifeMillis = 5_000

/** A session that is established for so long makes earlier losses not count for a resume. */
export const healthyAfter = Duration.seconds(20)

/** The losses that still count after a session that was established for so long. */
const lossesAfter = (losses: number, establishedFor: number): number =>
  establishedFor >= Duration.toMillis(healthyAfter)
    ? 0
    : Math.floor(losses / 2 ** Math.floor(establishedFor / halfLifeMillis))

/**
 * Decides what follows the end of a connection, and what to remember.
 *
 * A resume costs a round trip, an identify one of some thousand a day: whatever may be resumed is, within the
 * resuming's own budget.
 */
export const decide = (history: History, ended: Ended, policy: Policy): readonly [Decision, History] => {
  const code = closeCode(ended.reason)
  if (Option.isSome(code) && !CloseCode.mayReconnect(code.value)) {
    const reason = ended.reason._tag === "Closed"
      ? Option.match(ended.reason.frame, { onNone: () => "", onSome: (frame) => frame.reason })
      : ""
    return [Decision.Stop({ code: code.value, reason }), initial]
  }
  const establishedFor = Option.getOrElse(ended.establishedFor, () => 0)
  const isEstablished = Option.isSome(ended.establishedFor)
  const isStable = isEstablished && establishedFor >= Duration.toMillis(policy.stableAfter)
  const before = isStable ? initial : { ...history, losses: lossesAfter(history.losses, establishedFor) }
  const [attempts, losses] = [before.attempts + 1, before.losses + 1]
  const wait = (count: number) => Duration.max(backoff(policy, count, ended.random), retryAfter(ended))
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
  if (isResumingSpent(next, ended, policy)) {
    return identify()
  }
  const after = wait(before.losses)
  return [Decision.Resume({ after, host: resumeHost(policy, next.failedResumes, ended.hasResumeUrl) }), next]
}
