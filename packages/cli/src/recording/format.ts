/** The lines of a recording: `{"at":…,"shard":…,"t":…,"d":…}`, with the time in milliseconds since 1970. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { describeIssue, isNestedTooDeeply, maxDepth, nestedTooDeeply } from "../config/index.js"

/** A line of a recording. */
export const RecordedEvent = Schema.Struct({
  at: Schema.Number,
  shard: Schema.NonNegativeInt,
  t: Schema.NonEmptyString,
  d: Schema.Unknown
})

export type RecordedEvent = typeof RecordedEvent.Type

const redacted = "<redacted>"

/** Tokens of interactions and voice servers, and the data that resumes a session. */
const secretKeys = new Set(["token", "session_id", "resume_gateway_url"])

/** Text that names a kind, and that no user has written. */
const kindKeys = new Set("status desktop mobile web locale preferred_locale permissions allow deny".split(" "))

const isPlain = (text: string): boolean =>
  text === "" || /^\d{1,20}$/.test(text) || /^\d{4}-\d\d-\d\dT[\d:.+Z-]+$/.test(text)

/** Keeps the length, so that a replay has the size of the traffic. */
const blank = (text: string): string => "x".repeat(text.length)

/** `levels` is the depth from which on data is left out, because such a line could not be read again. */
const redact = (value: unknown, key: string, isBlank: boolean, levels: number): unknown => {
  if (typeof value === "string") {
    return secretKeys.has(key) ? redacted : isBlank && !kindKeys.has(key) && !isPlain(value) ? blank(value) : value
  }
  if (!Predicate.isObject(value)) {
    return value
  }
  return levels === 0
    ? nestedTooDeeply
    : Array.isArray(value)
    ? value.map((item) => redact(item, key, isBlank, levels - 1))
    : Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redact(item, name, isBlank, levels - 1)]))
}

/**
 * Writes the line of an event. Tokens, the data that resumes a session, and every occurrence of `secret` are removed. With
 * `redactContents`, all text except ids, times and names of kinds is replaced by text of the same length.
 */
export const encode = (
  event: Dispatch.Dispatch,
  options: {
    readonly at: number
    readonly shard: number
    readonly redactContents: boolean
    readonly secret: string
  }
): string => {
  const { at, redactContents, secret, shard } = options
  const line = JSON.stringify({
    at,
    shard,
    t: event.t === "UnknownDispatch" ? event.name : event.t,
    // The line is a level itself.
    d: redact(event.d, "", redactContents, maxDepth - 1)
  })
  const bare = ShardConfig.bareToken(secret)
  return bare === "" ? line : line.replaceAll(bare, redacted)
}

const parseLine = Schema.decodeUnknownEither(Schema.parseJson(RecordedEvent))

/** Reads a line. The left side is the problem. */
export const decode = (line: string): Either.Either<RecordedEvent, string> =>
  isNestedTooDeeply(line) ? Either.left("it is nested too deeply") : Either.mapLeft(parseLine(line), describeIssue)

/** The time between two lines, in milliseconds. It is zero if the clock was set back. */
export const timeBetween = (from: number, to: number, speed: number): number => Math.max(0, to - from) / speed

/** Returns true for an event that the simulated gateway sends itself. */
export const isSessionStart = ({ t }: RecordedEvent): boolean => t === "READY" || t === "RESUMED"

/** The guild of an event, which determines its shard. */
export const getGuildId = ({ d, t }: RecordedEvent): string | undefined => {
  const id = Predicate.isRecord(d)
    ? t.startsWith("GUILD_") && "id" in d && !("guild_id" in d) ? d["id"] : d["guild_id"]
    : undefined
  return typeof id === "string" && /^\d+$/.test(id) ? id : undefined
}
