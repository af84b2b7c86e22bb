/** Checks for commands that Discord would refuse or silently ignore, beyond wrong types. Each problem names its field. */
import * as Schema from "effect/Schema"

export const maxNonceBytes = 32

const maxUserIds = 100

const maxLimit = 100

// Not the branded schema: a command takes ids as the rest of the ecosystem writes them, as plain strings.
export const Id = Schema.String.pipe(
  Schema.pattern(/^\d{1,20}$/, { message: () => "must be a snowflake: a string of up to 20 digits" })
)

type Problems = ReadonlyArray<Schema.FilterIssue>

const problem = (isThere: boolean, field: string, message: () => string): Problems =>
  isThere ? [{ path: [field], message: message() }] : []

const byteLength = (text: string): number => new TextEncoder().encode(text).length

const streaming = 1

const streamHosts = /^https?:\/\/(www\.)?(twitch\.tv|youtube\.com)\//

export const activity = (
  d: { readonly type: number; readonly url?: string | null | undefined }
): Problems =>
  problem(
    d.type === streaming && !streamHosts.test(d.url ?? ""),
    "url",
    () => "must be a stream on twitch.tv or youtube.com when type is 1; Discord shows no other as streaming"
  )

export const memberRequest = (
  d: {
    readonly query?: string | undefined
    readonly user_ids?: string | ReadonlyArray<string> | undefined
    readonly limit?: number | undefined
    readonly nonce?: string | undefined
  }
): Problems => {
  const ids = typeof d.user_ids === "string" ? 1 : d.user_ids?.length ?? 0
  const bytes = byteLength(d.nonce ?? "")
  return [
    ...problem(
      (d.query === undefined) === (d.user_ids === undefined),
      "query",
      () => "and user_ids exclude each other: give exactly one of them"
    ),
    ...problem(ids > maxUserIds, "user_ids", () => `has ${ids} ids; Discord takes ${maxUserIds} in one request`),
    ...problem(d.query === undefined && d.limit !== undefined, "limit", () => "goes with query only; leave it out"),
    ...problem(
      (d.query ?? "") !== "" && (d.limit ?? 0) > maxLimit,
      "limit",
      () => `must be at most ${maxLimit} when query is not empty`
    ),
    ...problem(bytes > maxNonceBytes, "nonce", () => `has ${bytes} bytes; Discord ignores more than ${maxNonceBytes}`)
  ]
}
