/** The stored fields of a member. */
import type { Dispatch } from "@vesper/model"
import { Schema } from "effect"

export class Member extends Schema.Class<Member>("member-cache/Member")({
  guild: Schema.String,
  id: Schema.String,
  username: Schema.String,
  nick: Schema.NullOr(Schema.String),
  /** A column of JSON. */
  roles: Schema.parseJson(Schema.Array(Schema.String))
}) {}

/** A member as in GUILD_MEMBERS_CHUNK, GUILD_MEMBER_ADD and GUILD_MEMBER_UPDATE alike. */
type Wire = Pick<Dispatch.DataOf<"GUILD_MEMBER_UPDATE">, "nick" | "roles" | "user">

export const fromWire = (guild: string, { nick, roles, user }: Wire): Member =>
  new Member({ guild, id: user.id, username: user.username, nick: nick ?? null, roles })
