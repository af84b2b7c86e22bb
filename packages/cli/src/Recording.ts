/**
 * What shards have received, as lines of JSON: `{"at":…,"shard":…,"t":…,"d":…}`, with the time in milliseconds since 1970.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { nameOf } from "./internal/describe.js"
import { pathOf } from "./internal/issue.js"

/**
 * A line of a recording.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Line = Schema.Struct({
  at: Schema.Number,
  shard: Schema.NonNegativeInt,
  t: Schema.NonEmptyString,
  d: Schema.Unknown
})

/**
 * @since 0.1.0
 * @category models
 */
export type Line = typeof Line.Type

const redacted = "<redacted>"

/** Tokens of interactions and of voice servers; and what it takes, with the bot's, to resume. */
const secretKeys = new Set(["token", "session_id", "resume_gateway_url"])

/** Text that says of what kind something is, rather than what somebody wrote. */
const kindKeys = new Set([
  "status",
  "desktop",
  "mobile",
  "web",
  "locale",
  "preferred_locale",
  "permissions",
  "allow",
  "deny"
])

const isPlain = (text: string): boolean =>
  text === "" || /^\d{1,20}$/.test(text) || /^\d{4}-\d\d-\d\dT[\d:.+Z-]+$/.test(text)

/** As long as before, so that the sizes are still those of the traffic. */
const blank = (text: string): string => "x".repeat(text.length)

const redact = (value: unknown, key: string, isBlank: boolean): unknown => {
  if (typeof value === "string") {
    return secretKeys.has(key) ? redacted : isBlank && !kindKeys.has(key) && !isPlain(value) ? blank(value) : value
  }
  if (Array.isArray(value)) {
    return value.map((item) => redact(item, key, isBlank))
  }
  return Predicate.isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redact(item, name, isBlank)]))
    : value
}

/**
 * The line of an event. Tokens and what it takes to resume are left out, and `secret` wherever it stands. With
 * `redactContents`, so is all text but ids, times and names of kinds, at its length.
 *
 * @since 0.1.0
 * @category rendering
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
  const line = JSON.stringify({ at, shard, t: nameOf(event), d: redact(event.d, "", redactContents) })
  const bare = secret.replace(/^Bot /, "")
  return bare === "" ? line : line.replaceAll(bare, redacted)
}

const parseLine = Schema.decodeUnknownEither(Schema.parseJson(Line))

/**
 * Reads a line; the left side says what is wrong with it.
 *
 * @since 0.1.0
 * @category parsing
 */
export const decode = (line: string): Either.Either<Line, string> =>
  Either.mapLeft(parseLine(line), (error) => pathOf(error).join(": "))

/**
 * How long to wait between two lines, in milliseconds. A clock that was put back gives no wait.
 *
 * @since 0.1.0
 * @category getters
 */
export const wait = (from: number, to: number, speed: number): number => Math.max(0, to - from) / speed

/**
 * What the simulated gateway says of itself, and would say twice.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSession = ({ t }: Line): boolean => t === "READY" || t === "RESUMED"

/**
 * Whose event it is: its guild's, by which the gateway finds the shard.
 *
 * @since 0.1.0
 * @category getters
 */
export const guildOf = ({ d, t }: Line): string | undefined => {
  const id = Predicate.isRecord(d)
    ? t.startsWith("GUILD_") && "id" in d && !("guild_id" in d) ? d["id"] : d["guild_id"]
    : undefined
  return typeof id === "string" && /^\d+$/.test(id) ? id : undefined
}
