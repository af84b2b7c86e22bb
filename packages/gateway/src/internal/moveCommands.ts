/** Takes what was said on one set of shards over to another: the presence, and the commands that wait. */
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as CommandKind from "./commandKind.js"
import type { CommandQueue } from "./commandQueue.js"
import type { ShardSet } from "./fleetSet.js"
import type { ShardState } from "./shardState.js"

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

const haveGuildsInCommon = (a: ShardId.ShardId, b: ShardId.ShardId): boolean => {
  const parts = ShardId.parts(a.total, b.total)
  return a.id % parts === b.id % parts
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
  return ShardId.all(total).filter((to) => haveGuildsInCommon(from, to)).map(({ id }) => id)
}

/** An old shard and a new one that have guilds in common, for each of the new ones. */
const related = (old: ShardSet, set: ShardSet): ReadonlyArray<readonly [from: ShardState, to: ShardState]> => {
  const members = Array.from(old.members.values())
  return Array.from(set.members.values()).flatMap((to) => {
    const from = members.find(({ shard }) => haveGuildsInCommon(shard.id, to.shard.id))
    return from === undefined ? [] : [[from.state, to.state]]
  })
}

/** New shards identify with the presence that the old ones show. */
export const copyPresence = (old: ShardSet, set: ShardSet): void => {
  for (const [from, to] of related(old, set)) {
    to.presence = from.presence
  }
}

/** What the bot is seen doing was changed since it was copied: the new shards have identified with another. */
const renewPresence = (old: ShardSet, set: ShardSet): void => {
  for (const [from, to] of related(old, set)) {
    if (from.presence !== to.presence && Option.isSome(from.presence)) {
      const payload: Command.PresenceUpdate = { op: Opcode.PresenceUpdate, d: from.presence.value }
      to.commands.unsafeOffer(CommandKind.of(payload), Command.encode(payload))
    }
  }
}

/** From now on what is given to the old shards, and what waits there, goes out over the new ones. */
export const forward = (old: ShardSet, set: ShardSet): void => {
  // First, so that a presence which waits takes its place.
  renewPresence(old, set)
  for (const { shard, state } of old.members.values()) {
    state.commands.unsafeForward((text) =>
      targets(text, shard.id, set.total).flatMap((id): ReadonlyArray<CommandQueue> => {
        const target = set.members.get(id)
        return target === undefined ? [] : [target.state.commands]
      })
    )
  }
}
