/** Transfers the presence and the waiting commands of one set of shards to another. */
import * as ShardId from "@vesper/model/ShardId"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { ShardSet } from "../index.js"
import { Outgoing } from "../../commands/index.js"
import type { CommandQueue } from "../../commands/index.js"

/** Returns the guild that a command is about, if any. */
const commandGuild = ({ payload }: Outgoing.OutgoingCommand): string | undefined => {
  const body = Predicate.isRecord(payload) ? payload["d"] : undefined
  if (!Predicate.isRecord(body)) {
    return undefined
  }
  const { guild_id: guild, guild_ids: guilds } = body
  const first = Array.isArray(guilds) ? guilds[0] : guild
  return typeof first === "string" && /^\d+$/.test(first) ? first : undefined
}

const haveGuildsInCommon = (a: ShardId.ShardId, b: ShardId.ShardId): boolean => {
  const parts = ShardId.parts(a.total, b.total)
  return a.id % parts === b.id % parts
}

/**
 * Returns the ids in a new total that take over a command of shard `from`: the shard of the command's guild, or else all
 * that have guilds of the old shard, as for a presence.
 */
export const targets = (
  command: Outgoing.OutgoingCommand,
  from: ShardId.ShardId,
  total: number
): ReadonlyArray<number> => {
  const guild = commandGuild(command)
  if (guild !== undefined) {
    return [ShardId.shardOf(guild, total)]
  }
  return ShardId.all(total).filter((to) => haveGuildsInCommon(from, to)).map(({ id }) => id)
}

/** Returns each new shard with an old one that has guilds in common with it. */
const related = (
  old: ShardSet.ShardSet,
  set: ShardSet.ShardSet
): ReadonlyArray<readonly [from: ShardSet.FleetShard["state"], to: ShardSet.FleetShard["state"]]> => {
  const oldShards = Array.from(old.shards.values())
  return Array.from(set.shards.values()).flatMap((to) => {
    const from = oldShards.find(({ shard }) => haveGuildsInCommon(shard.id, to.shard.id))
    return from === undefined ? [] : [[from.state, to.state]]
  })
}

/** Makes new shards identify with the presence of the old ones. */
export const copyPresence = (old: ShardSet.ShardSet, set: ShardSet.ShardSet): void => {
  for (const [from, to] of related(old, set)) {
    to.presence = from.presence
  }
}

/** Sends a presence that was changed after the new shards identified. */
const renewPresence = (old: ShardSet.ShardSet, set: ShardSet.ShardSet): void => {
  for (const [from, to] of related(old, set)) {
    if (from.presence !== to.presence && Option.isSome(from.presence)) {
      Either.map(Outgoing.presence(from.presence.value), to.commands.unsafeOffer)
    }
  }
}

/** Moves commands that wait on the old shards to the new ones, and forwards all later ones. */
export const forward = (old: ShardSet.ShardSet, set: ShardSet.ShardSet): void => {
  // First, so that a waiting presence replaces the renewed one.
  renewPresence(old, set)
  for (const { shard, state } of old.shards.values()) {
    state.commands.unsafeForward((command) =>
      targets(command, shard.id, set.total).flatMap((id): ReadonlyArray<CommandQueue.CommandQueue> => {
        const target = set.shards.get(id)
        return target === undefined ? [] : [target.state.commands]
      })
    )
  }
}
