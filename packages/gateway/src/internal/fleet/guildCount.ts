/**
 * How many guilds a shard has. Kept as a set of ids, because Discord repeats GUILD_CREATE and sends GUILD_DELETE for guilds
 * that a shard never had. Unknown until READY: a session that another process began does not name its guilds again.
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
 * The low 53 bits of an id: a number takes a third of the memory of the text. Two guilds of one shard that differ in the
 * other bits alone were made in the same millisecond of two periods of 24 days.
 */
const keyOf = (id: unknown, { id: shard, total }: GuildCount["shard"]): number | undefined =>
  typeof id === "string" && /^\d{1,20}$/.test(id) && ShardId.shardOf(id, total) === shard
    ? Number(BigInt.asUintN(53, BigInt(id)))
    : undefined

const add = (self: GuildCount, id: unknown): void => {
  const key = keyOf(id, self.shard)
  if (key !== undefined && self.ids !== undefined) {
    self.ids.add(key)
    if (self.ids.size > maxGuilds) {
      self.ids = undefined
    }
  }
}

const idOf = (guild: unknown): unknown => Predicate.hasProperty(guild, "id") ? guild.id : undefined

/** Takes note of an event. Its body is not validated by default. */
export const record = (self: GuildCount, { d: body, t }: { readonly t: string; readonly d: unknown }): void => {
  switch (t) {
    case "READY": {
      const guilds: unknown = Predicate.hasProperty(body, "guilds") ? body.guilds : undefined
      self.ids = Array.isArray(guilds) ? new Set() : undefined
      if (Array.isArray(guilds)) {
        guilds.forEach((guild: unknown) => add(self, idOf(guild)))
      }
      return
    }
    case "GUILD_CREATE":
      return add(self, idOf(body))
    case "GUILD_DELETE": {
      const key = keyOf(idOf(body), self.shard)
      // A guild with an outage is still one of the bot's.
      const isOutage = Predicate.hasProperty(body, "unavailable") && body.unavailable === true
      if (key !== undefined && !isOutage) {
        self.ids?.delete(key)
      }
    }
  }
}

/** None while it is unknown. */
export const count = ({ ids }: GuildCount): Option.Option<number> =>
  Option.map(Option.fromNullable(ids), ({ size }) => size)
