/**
 * The number of guilds of a shard. A set of ids, because Discord repeats GUILD_CREATE and sends GUILD_DELETE for guilds that
 * a shard never had. Unknown until READY, because a resumed session does not name its guilds.
 */
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

export interface GuildCount {
  readonly shard: Pick<ShardId.ShardId, "id" | "total">
  ids: Set<number> | undefined
}

export const make = (shard: GuildCount["shard"]): GuildCount => ({ shard, ids: undefined })

/** Discord closes a shard with more than 2,500 guilds. A gateway that names far more is not counted. */
const maxGuilds = 50_000

/**
 * Returns the low 53 bits of an id, because a number takes a third of the memory of the text. Two guilds of one shard that
 * differ only in the other bits were made in the same millisecond of two periods of 24 days.
 */
const toKey = (id: unknown, { id: shard, total }: GuildCount["shard"]): number | undefined =>
  typeof id === "string" && /^\d{1,20}$/.test(id) && ShardId.shardOf(id, total) === shard
    ? Number(BigInt.asUintN(53, BigInt(id)))
    : undefined

const add = (self: GuildCount, id: unknown): void => {
  const key = toKey(id, self.shard)
  if (key !== undefined && self.ids !== undefined) {
    self.ids.add(key)
    if (self.ids.size > maxGuilds) {
      self.ids = undefined
    }
  }
}

const getId = (guild: unknown): unknown => Predicate.hasProperty(guild, "id") ? guild.id : undefined

/** Counts an event. Its body may not be validated. */
export const record = (self: GuildCount, { d: body, t }: { readonly t: string; readonly d: unknown }): void => {
  switch (t) {
    case "READY": {
      const guilds: unknown = Predicate.hasProperty(body, "guilds") ? body.guilds : undefined
      self.ids = Array.isArray(guilds) ? new Set() : undefined
      if (Array.isArray(guilds)) {
        guilds.forEach((guild: unknown) => add(self, getId(guild)))
      }
      return
    }
    case "GUILD_CREATE":
      return add(self, getId(body))
    case "GUILD_DELETE": {
      const key = toKey(getId(body), self.shard)
      // A guild with an outage is still one of the bot's.
      const isOutage = Predicate.hasProperty(body, "unavailable") && body.unavailable === true
      if (key !== undefined && !isOutage) {
        self.ids?.delete(key)
      }
    }
  }
}

/** Returns the number of guilds; none while it is unknown. */
export const count = ({ ids }: GuildCount): Option.Option<number> =>
  Option.map(Option.fromNullable(ids), ({ size }) => size)
