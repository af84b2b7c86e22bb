/** Explanations of the errors of a shard, which `vesper explain` prints and `docs/errors.md` lists. */
import type * as ShardError from "@vesper/gateway/ShardError"

/** The explanation of a kind of error. */
export interface Advice {
  /** The situation in which it occurs. */
  readonly when: string
  /** The next step of the shard. */
  readonly next: string
  /** The remedy for the program or its author. */
  readonly advice: string
}

export const shardErrors: { readonly [T in ShardError.ShardError["_tag"]]: Advice } = {
  FatallyClosedError: {
    when: "the gateway closed the connection with a code that forbids another one: 4004, or 4010 to 4014",
    next: "stops; its readers fail with this error",
    advice: "look up the code and correct the token, the intents or the sharding before starting again"
  },
  ShardClosedError: {
    when: "the program closed the shard, or its scope has ended",
    next: "is closed",
    advice: "none if it was intended; connect starts the shard again while its scope is open"
  },
  ReconnectError: {
    when: "the socket did not open, or a phase of the handshake timed out",
    next: "waits up to a minute and tries again, without a limit of attempts",
    advice: "if it repeats, check network, proxy and Discord's status page"
  },
  CompressionError: {
    when: "a frame could not be decompressed",
    next: "closes the connection and resumes; no event is lost",
    advice: "none for a single error; if it repeats, check proxies between Discord and the shard, which change bytes"
  },
  DeserializationError: {
    when:
      "a message is not JSON or not a payload, or validation is on and the body differs from Discord's documentation",
    next: "continues with the next message",
    advice: "upgrade, or report the event and path that it names; remove the event from validate to accept it"
  },
  IdentifyBudgetExhausted: {
    when: "only the reserve of the day's IDENTIFYs remains, and the identify queue is configured to fail",
    next: "closes the connection, and identifies when the budget is reset",
    advice: "find out why the shards re-identify; to start now, set the reserve to 0"
  },
  ProtocolError: {
    when: "the gateway sent a message that the protocol does not allow, such as a HELLO without an interval",
    next: "closes the connection and resumes",
    advice: "none for a single error; if it repeats, check that the gateway URL leads to Discord's gateway"
  },
  DefectError: {
    when: "the shard, its socket, its decompressor or a service that it uses has a defect",
    next: "connects again, after a pause of a minute if the defect is not in a connection",
    advice: "report it to the author of the part that the cause names"
  },
  SendingMessageError: {
    when: "a heartbeat, identify, resume or command could not be written",
    next: "closes the connection and resumes; a command keeps its place in the queue",
    advice: "none: the connection was already closing"
  },
  SendError: {
    when: "a command was not sent, because the shard is closed, or the command is not valid or too large",
    next: "continues",
    advice: "see its reason: Sending, Serializing or TooLarge"
  },
  NoAnswerError: {
    when: "a request for members or a voice state has no answer",
    next: "continues",
    advice: "see its reason: add the intent for MissingIntent; retry after TimedOut, SessionEnded or RateLimited"
  }
}

/** The tags of all errors. */
// An object literal has only its own keys.
export const tags = Object.keys(shardErrors) as ReadonlyArray<ShardError.ShardError["_tag"]>
