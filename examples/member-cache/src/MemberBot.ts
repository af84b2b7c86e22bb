/** Keeps the cache in step with Discord. */
import { Events, Shard } from "@vesper/gateway"
import { Effect, FiberMap, Stream } from "effect"
import * as Member from "./Member.js"
import { MemberCache } from "./MemberCache.js"

/**
 * Requests the members of guilds outside of the handlers: the response is a series of events, for which a handler cannot
 * wait, because it delays them.
 */
class Requests extends Effect.Service<Requests>()("member-cache/Requests", {
  scoped: Effect.gen(function*() {
    const shard = yield* Shard.Shard
    const requests = yield* FiberMap.make<string>()
    return {
      allOf: (guild: string) =>
        FiberMap.run(
          requests,
          guild,
          // Discord answers once in 30 seconds for a guild; the shard knows, and waits.
          Stream.runDrain(shard.requestGuildMembers({ guild_id: guild, query: "", limit: 0 })).pipe(
            Effect.catchAll((error) => Effect.logWarning(error.message))
          )
        )
    }
  })
}) {}

const withCache = <E, R>(use: (cache: MemberCache) => Effect.Effect<void, E, R>) => Effect.flatMap(MemberCache, use)

export const handlers = Events.handlers({
  // All guilds of a new session, guilds after an outage, and guilds that the bot joins.
  GUILD_CREATE: ({ d }) => Effect.flatMap(Requests, (requests) => requests.allOf(d.id)),
  // In the order of the events, so that a member that leaves after a response is not added by it.
  GUILD_MEMBERS_CHUNK: ({ d }) =>
    withCache((cache) =>
      cache.putPart({
        guild: d.guild_id,
        members: d.members.map((member) => Member.fromWire(d.guild_id, member)),
        isFirst: d.chunk_index === 0,
        isLast: d.chunk_index === d.chunk_count - 1
      })
    ),
  GUILD_MEMBER_ADD: ({ d }) => withCache((cache) => cache.put(Member.fromWire(d.guild_id, d))),
  GUILD_MEMBER_UPDATE: ({ d }) => withCache((cache) => cache.put(Member.fromWire(d.guild_id, d))),
  GUILD_MEMBER_REMOVE: ({ d }) => withCache((cache) => cache.remove(d.guild_id, d.user.id)),
  // An outage takes a guild away for a while; without the word, the bot has left it.
  GUILD_DELETE: ({ d }) => d.unavailable === true ? Effect.void : withCache((cache) => cache.removeGuild(d.id))
})

/** The members of a guild are privileged: enable the intent in Discord's developer portal. */
export const config = {
  ...Events.config(handlers, { privileged: ["GuildMembers"] }),
  // An event is acknowledged when its change is in the table. After a crash it is delivered again, which is idempotent.
  acknowledge: "onHandled"
} as const

/** Ends if the table cannot be written: a cache that misses changes without a word is wrong from there on. */
export const run = Effect.provide(Events.runUntilFailure(handlers), Requests.Default)
