/** Parsers of commands, with the limits beyond which Discord refuses or silently ignores a command. */
import type * as Command from "../Command.js"
import * as Opcode from "../Opcode.js"
import * as Parser from "./parser.js"

export const maxNonceBytes = 32

const maxUserIds = 100

const maxLimit = 100

// Not the branded type: a command has ids as the rest of the ecosystem writes them, as plain strings.
const id = Parser.value(
  (value): value is string => typeof value === "string" && /^\d{1,20}$/.test(value),
  "must be a snowflake: a string of up to 20 digits"
)

const issue = (isThere: boolean, field: string, problem: () => string): Parser.Issue | undefined =>
  isThere ? new Parser.Issue([field], problem()) : undefined

const byteLength = (text: string): number => new TextEncoder().encode(text).length

const streaming = 1

const streamHosts = /^https?:\/\/(www\.)?(twitch\.tv|youtube\.com)\//

const activity = Parser.checked(
  Parser.struct<Command.PresenceActivity>({
    name: Parser.nonEmptyText,
    type: Parser.value(
      (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 5,
      "must be a number from 0 to 5"
    ),
    url: Parser.optional(Parser.nullable(Parser.text)),
    state: Parser.optional(Parser.nullable(Parser.text))
  }),
  ({ type, url }) =>
    issue(
      type === streaming && !streamHosts.test(url ?? ""),
      "url",
      () => "must be a stream on twitch.tv or youtube.com when type is 1; Discord shows no other as streaming"
    )
)

const presence = Parser.struct<Command.Presence>({
  since: Parser.nullable(Parser.integer),
  activities: Parser.array(activity),
  status: Parser.literal("online", "dnd", "idle", "invisible", "offline"),
  afk: Parser.flag
})

const memberRequest = Parser.checked(
  Parser.struct<Command.RequestGuildMembers["d"]>({
    guild_id: id,
    query: Parser.optional(Parser.text),
    limit: Parser.optional(Parser.count),
    presences: Parser.optional(Parser.flag),
    user_ids: Parser.optional((value) => typeof value === "string" ? id(value) : Parser.array(id)(value)),
    nonce: Parser.optional(Parser.text)
  }),
  ({ limit, nonce, query, user_ids }) => {
    const ids = typeof user_ids === "string" ? 1 : user_ids?.length ?? 0
    const bytes = byteLength(nonce ?? "")
    return issue(
      (query === undefined) === (user_ids === undefined),
      "query",
      () => "and user_ids exclude each other: give exactly one of them"
    ) ??
      issue(ids > maxUserIds, "user_ids", () => `has ${ids} ids; Discord takes ${maxUserIds} in one request`) ??
      issue(query === undefined && limit !== undefined, "limit", () => "goes with query only; leave it out") ??
      issue(
        (query ?? "") !== "" && (limit ?? 0) > maxLimit,
        "limit",
        () => `must be at most ${maxLimit} when query is not empty`
      ) ??
      issue(bytes > maxNonceBytes, "nonce", () => `has ${bytes} bytes; Discord ignores more than ${maxNonceBytes}`)
  }
)

const channelInfo = Parser.struct<Command.RequestChannelInfo["d"]>({
  guild_id: id,
  fields: Parser.checked(
    Parser.array(Parser.literal("status", "voice_start_time")),
    (fields) => fields.length === 0 ? new Parser.Issue([], "must name at least one field") : undefined
  )
})

/** The parser of a command with each opcode. */
export const parsers = {
  [Opcode.PresenceUpdate]: Parser.struct<Command.PresenceUpdate>({
    op: Parser.literal(Opcode.PresenceUpdate),
    d: presence
  }),
  [Opcode.VoiceStateUpdate]: Parser.struct<Command.VoiceStateUpdate>({
    op: Parser.literal(Opcode.VoiceStateUpdate),
    d: Parser.struct<Command.VoiceStateUpdate["d"]>({
      guild_id: id,
      channel_id: Parser.nullable(id),
      self_mute: Parser.flag,
      self_deaf: Parser.flag
    })
  }),
  [Opcode.RequestGuildMembers]: Parser.struct<Command.RequestGuildMembers>({
    op: Parser.literal(Opcode.RequestGuildMembers),
    d: memberRequest
  }),
  [Opcode.RequestSoundboardSounds]: Parser.struct<Command.RequestSoundboardSounds>({
    op: Parser.literal(Opcode.RequestSoundboardSounds),
    d: Parser.struct<Command.RequestSoundboardSounds["d"]>({ guild_ids: Parser.array(id) })
  }),
  [Opcode.RequestChannelInfo]: Parser.struct<Command.RequestChannelInfo>({
    op: Parser.literal(Opcode.RequestChannelInfo),
    d: channelInfo
  })
}
