/** Entries of the log, and their derivation from events. */
import type { Dispatch } from "@vesper/model"
import { Option, Schema } from "effect"
import type * as RecentMessages from "./RecentMessages.js"

/** The name is optional and may change; the id does not. */
const Person = Schema.Struct({ id: Schema.String, name: Schema.optional(Schema.String) })

/**
 * One line of the log. `id` is the same when the same event is handled twice, as it may be after a crash, so that a
 * reader of the log recognizes the copies.
 */
export class Entry extends Schema.Class<Entry>("moderation-log/Entry")({
  id: Schema.String,
  guild: Schema.String,
  what: Schema.Literal("message deleted", "messages purged", "member banned", "ban lifted", "member kicked"),
  /** The affected user, if known. */
  who: Schema.optional(Person),
  /** The user who did it, if Discord names it. */
  by: Schema.optional(Person),
  detail: Schema.optional(Schema.String)
}) {}

export const personOf = (user: { readonly id: string; readonly username: string }): typeof Person.Type => ({
  id: user.id,
  name: user.username
})

/** The action type of Discord's audit log that is of interest here; bans have events of their own. */
const kick = 20

export const ofDeletion = (
  d: Dispatch.DataOf<"MESSAGE_DELETE">,
  message: Option.Option<RecentMessages.Message>
): Option.Option<Entry> =>
  // Without a guild it was in a direct message, which is not logged.
  Option.map(Option.fromNullable(d.guild_id), (guild) =>
    new Entry({
      id: `deleted:${d.id}`,
      guild,
      what: "message deleted",
      who: Option.getOrUndefined(Option.map(message, ({ author }) => author)),
      detail: Option.getOrElse(Option.map(message, ({ content }) => content), () => "what it said is not known")
    }))

export const ofPurge = (d: Dispatch.DataOf<"MESSAGE_DELETE_BULK">): Option.Option<Entry> =>
  Option.map(Option.fromNullable(d.guild_id), (guild) =>
    new Entry({
      id: `purged:${d.ids[0] ?? d.channel_id}`,
      guild,
      what: "messages purged",
      detail: `${d.ids.length} in channel ${d.channel_id}`
    }))

export const ofBan = (d: Dispatch.DataOf<"GUILD_BAN_ADD">, sequence: number): Entry =>
  new Entry({ id: `banned:${d.user.id}:${sequence}`, guild: d.guild_id, what: "member banned", who: personOf(d.user) })

export const ofUnban = (d: Dispatch.DataOf<"GUILD_BAN_REMOVE">, sequence: number): Entry =>
  new Entry({ id: `lifted:${d.user.id}:${sequence}`, guild: d.guild_id, what: "ban lifted", who: personOf(d.user) })

/** GUILD_MEMBER_REMOVE is sent for leaves and for kicks; the audit log distinguishes them. */
export const ofAuditLog = (d: Dispatch.DataOf<"GUILD_AUDIT_LOG_ENTRY_CREATE">): Option.Option<Entry> =>
  d.action_type === kick
    ? Option.some(
      new Entry({
        id: `audit:${d.id}`,
        guild: d.guild_id,
        what: "member kicked",
        who: d.target_id === null ? undefined : { id: d.target_id },
        by: d.user_id === null ? undefined : { id: d.user_id },
        detail: d.reason
      })
    )
    : Option.none()
