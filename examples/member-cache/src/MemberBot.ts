/** A bot that keeps the members of all guilds in a database, and counts them. */
import { Events, Shard } from "@vesper/gateway"
import { GuildState } from "@vesper/state"
import * as SqlGuildStore from "@vesper/state/SqlGuildStore"
import { Effect, FiberMap, Layer, Stream } from "effect"

/** The members, in a table that outlives the process. */
export const State = GuildState.layerStore({ members: { capacity: 1_000_000 } }).pipe(
  Layer.provide(SqlGuildStore.layer)
)

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

/** GUILD_CREATE lists a part of the members. The state applies the answer to the request. */
const RequestMembers = Events.layer(
  Events.on("GUILD_CREATE", ({ d }) => Effect.flatMap(Requests, (requests) => requests.allOf(d.id)))
).pipe(Layer.provide(Requests.Default))

/** A feature that reads the state. */
const Count = Layer.scopedDiscard(Effect.flatMap(GuildState.GuildState, (state) =>
  state.size("members").pipe(
    Effect.flatMap((count) => Effect.log(`${count} members`)),
    Effect.delay("2 seconds"),
    Effect.forever,
    Effect.forkScoped
  )))

export const Bot = Layer.mergeAll(RequestMembers, Count).pipe(Layer.provide(State))

/** The members of a guild are privileged: enable the intent in Discord's developer portal. */
export const options = { privileged: ["GuildMembers"] } as const
