/** Takes the commands that wait on one set of shards over to another. */
import * as Predicate from "effect/Predicate"
import * as ShardId from "@vesper/model/ShardId"
import type { CommandQueue } from "./commandQueue.js"
import type { ShardSet } from "./fleetSet.js"

/** The guild that a payload is about, if any. */
const guildOf = (text: string): string | undefined => {
  const payload: unknown = JSON.parse(text)
  const body = Predicate.isRecord(payload) ? payload["d"] : undefined
  if (!Predicate.isRecord(body)) {
    return undefined
  }
  const { guild_id: guild, guild_ids: guilds } = body
  const first = Array.isArray(guilds) ? guilds[0] : guild
  return typeof first === "string" && /^\d+$/.test(first) ? first : undefined
}

/**
 * The ids in a new total that a command for shard `id` of an old one is for: the guild's, or else all that have guilds of
 * the old shard, which a presence is for.
 */
export const targets = (text: string, from: ShardId.ShardId, total: number): ReadonlyArray<number> => {
  const guild = guildOf(text)
  if (guild !== undefined) {
    return [ShardId.shardOf(guild, total)]
  }
  const shared = ShardId.parts(from.total, total)
  return Array.from({ length: total }, (_, id) => id).filter((id) => id % shared === from.id % shared)
}

/** From now on what is given to the old shards, and what waits there, goes out over the new ones. */
export const forward = (old: ShardSet, set: ShardSet): void => {
  for (const { shard, state } of old.members.values()) {
    state.commands.unsafeForward((text) =>
      targets(text, shard.id, set.total).flatMap((id): ReadonlyArray<CommandQueue> => {
        const target = set.members.get(id)
        return target === undefined ? [] : [target.state.commands]
      })
    )
  }
}
