/** The log line for the end of a connection: the reason, and the next step of the shard. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Diagnostic from "../../Diagnostic.js"
import { Disconnect } from "../reconnect/index.js"
import { PeerText } from "../wire/index.js"

type OwnError = Extract<Disconnect, { readonly _tag: "Failed" }>["error"]

/** Describes an error without the next step of the shard, which its message has. */
const describeError = (error: OwnError): string => {
  switch (error._tag) {
    case "CompressionError":
      return `a frame could not be decompressed: ${PeerText.describe(error.cause)}`
    case "DefectError":
      return `${error.subject} has a defect: ${PeerText.describe(error.cause)}`
    case "ProtocolError":
      return `${error.subject} could not be processed: ${PeerText.describe(error.cause)}`
    case "SendingMessageError":
      return `the ${error.subject} could not be written: ${PeerText.describe(error.cause)}`
    case "IdentifyBudgetExhausted":
      return error.message
  }
}

export const describe: (reason: Disconnect) => string = Disconnect.$match({
  Unreachable: ({ cause }) => PeerText.describe(cause),
  TimedOut: ({ phase }) => `the gateway was silent in the phase "${phase}"`,
  Closed: ({ cause, frame }) =>
    Option.match(frame, {
      onNone: () =>
        cause === undefined ? "the connection was lost" : `the connection was lost: ${PeerText.describe(cause)}`,
      onSome: ({ code, reason }) => `the gateway closed the connection with ${code} ${reason}`.trimEnd()
    }),
  Zombie: () => "the gateway did not acknowledge a heartbeat",
  ReconnectRequested: () => "the gateway asked for a reconnect",
  SessionInvalidated: ({ resumable }) =>
    `the gateway invalidated the session${resumable ? ", which can be resumed" : ""}`,
  Failed: ({ error }) => describeError(error)
})

/** Returns true unless the connection was ended by a close or a request of the gateway. */
export const isFault = ({ _tag }: Disconnect): boolean =>
  _tag === "Failed" || _tag === "TimedOut" || _tag === "Unreachable" || _tag === "Zombie"

const names = { resume: "resuming", identify: "identifying" } as const

/** Formats a duration rounded to seconds, or to milliseconds below one second. */
export const formatDuration = (wait: Duration.Duration): string => {
  const millis = Duration.toMillis(wait)
  return Duration.format(Duration.millis(millis < 1_000 ? Math.round(millis) : Math.round(millis / 1_000) * 1_000))
}

export const make = (
  { after, attempt, next, reason }: Extract<Diagnostic.Diagnostic, { readonly _tag: "Reconnecting" }>
): string => {
  // The count explains the wait. A silent shard would look like an outage of the gateway.
  const counted = attempt > 1 && Duration.toMillis(after) > 0
    ? ` (${attempt} consecutive failed attempts or short sessions)`
    : ""
  const when = Duration.toMillis(after) === 0 ? "now" : `in ${formatDuration(after)}`
  return `${reason}; ${names[next]} ${when}${counted}`
}
