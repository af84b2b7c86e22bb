/** Stores, and bots on a simulated gateway whose state follows the events. */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Events from "@vesper/gateway/Events"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Postgres from "../../cluster/test/proof/postgres.js"
import * as GuildState from "../src/GuildState.js"
import * as GuildStore from "../src/GuildStore.js"
import * as SqlGuildStore from "../src/SqlGuildStore.js"

/** A database in a file, because libsql drops one in memory after its first transaction. */
export const database = Layer.unwrapScoped(Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "vesper-state-"))),
    (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
  ),
  (folder) => LibsqlClient.layer({ url: `file:${folder}/state.db` })
))

const postgres = Layer.unwrapScoped(Effect.map(
  Effect.flatMap(Postgres.start, Option.map(({ port, url }) => Redacted.make(url(port)))),
  (url) => PgClient.layer({ url })
))

export const memory = { name: "in memory", isThere: true, layer: GuildStore.layerMemory }

export const sqlite = {
  name: "in SQLite",
  isThere: true,
  layer: Layer.orDie(Layer.provide(SqlGuildStore.layer, database))
}

export const stores = [memory, sqlite, {
  name: "in PostgreSQL [PostgreSQL]",
  isThere: Postgres.isThere,
  layer: Layer.orDie(Layer.provide(SqlGuildStore.layer, postgres))
}]

export const everything: GuildState.Options = {
  guilds: true,
  channels: true,
  threads: true,
  roles: true,
  members: true,
  voiceStates: true
}

/** A simulated gateway with a world, and the services of shards that request all intents. */
export const gateway = (world: World.World, config: Partial<ShardConfig.Options> = {}) =>
  Layer.mergeAll(
    ShardConfig.layer({
      token: Redacted.make("any-token"),
      intents: Intents.all,
      largeThreshold: 250,
      drainTimeout: 0,
      ...config
    }),
    IdentifyQueue.layerInMemory({ maxConcurrency: 16 }),
    GatewaySimulator.layerInMemory({ world, maxConcurrency: 16 }),
    Logger.minimumLogLevel(LogLevel.None)
  )

export const dispatch = (t: string, d: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) => simulator.dispatch({ t, d, guildId: String(d["guild_id"] ?? d["id"]) })
  )

/** A state that follows one shard or a fleet. */
export interface Follower {
  readonly state: GuildState.GuildState
  /** Dispatches a change of the guild that changes nothing, and waits until it is applied. */
  readonly settle: (guild: World.Guild) => Effect.Effect<void, never, GatewaySimulator.GatewaySimulator>
  readonly reshard: Effect.Effect<void>
}

const settle = (target: Shard.Shard | Fleet.Fleet, state: GuildState.GuildState): Follower["settle"] => (guild) =>
  Effect.gen(function*() {
    const wait = yield* Effect.fork(
      Events.next(target, "VOICE_STATE_UPDATE", { where: ({ d }) => d.guild_id === guild.id && d.user_id === "0" })
    )
    yield* TestClock.adjust("1 minute")
    yield* dispatch("VOICE_STATE_UPDATE", { guild_id: guild.id, user_id: "0", channel_id: null })
    yield* TestClock.adjust("1 second")
    yield* state.after(yield* wait)
  }).pipe(Effect.orDie)

const followShard = Effect.gen(function*() {
  const { handlers, state } = yield* Effect.orDie(GuildState.make(everything))
  const shard = yield* Shard.make(ShardId.single)
  yield* Effect.forkScoped(Effect.provideService(Events.runUntilFailure(handlers), Shard.Shard, shard))
  yield* TestClock.adjust("10 seconds")
  return { state, settle: settle(shard, state), reshard: Effect.void }
})

const followFleet = Effect.gen(function*() {
  const { handlers, state } = yield* Effect.orDie(GuildState.make(everything))
  const fleet = yield* Effect.orDie(Fleet.make({ shards: { total: 2 } }))
  yield* Effect.forkScoped(Effect.provideService(Events.runFleet(handlers), Fleet.Fleet, fleet))
  yield* TestClock.adjust("10 seconds")
  return { state, settle: settle(fleet, state), reshard: Effect.orDie(fleet.reshard(4)) }
})

export const followers = [
  { name: "a shard", make: followShard },
  { name: "a fleet", make: followFleet }
] as const

const byKey = <A>(entities: ReadonlyArray<A>, key: (entity: A) => string) =>
  Object.fromEntries(entities.map((entity) => [key(entity), entity]))

/** The contents of a state, without voice states, which the simulated world does not have. */
export const contents = (state: GuildState.GuildState, guildIds: ReadonlyArray<string>) =>
  Effect.forEach(guildIds, (id) =>
    Effect.all({
      guild: state.guild(id),
      channels: Effect.map(state.channels(id), (all) => byKey(all, ({ id }) => id)),
      threads: Effect.map(state.threads(id), (all) => byKey(all, ({ id }) => id)),
      roles: Effect.map(state.roles(id), (all) => byKey(all, ({ id }) => id)),
      members: Effect.map(state.members(id), (all) => byKey(all, ({ user }) => user.id))
    }))
