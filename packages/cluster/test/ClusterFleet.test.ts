/** Two runners in one process, with sockets of their own between them, on one database and one simulated gateway. */
import type * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as ShardId from "@vesper/model/ShardId"
import * as World from "@vesper/testing/World"
import * as ClusterFleet from "../src/ClusterFleet.js"
import * as NodeCluster from "../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../src/SqlIdentifyQueue.js"
import * as Trial from "./proof/trial.js"

// No runner dies here, and a busy machine must not lose it.
const lease = "1 minute"

interface Handled extends Fleet.FleetEvent {
  readonly runner: string
}

// One connection for both: a transaction of one runner would block the process, and the other one with it, permanently.
const joinCluster = (
  database: Context.Context<SqlClient.SqlClient>,
  runner: string,
  shards: number,
  handled: Array<Handled>
) =>
  Effect.gen(function*() {
    const port = yield* Trial.freePort
    const layer = ClusterFleet.layer({
      shards,
      lease,
      runner,
      handover: { lag: "1 second" },
      handlers: ({ event, shard }) => Effect.sync(() => handled.push({ runner, shard, event }))
    }).pipe(
      Layer.provide(SqlIdentifyQueue.layer({ maxConcurrency: 16, interval: "5100 millis" })),
      Layer.provide(NodeCluster.layer({ host: "127.0.0.1", port })),
      Layer.provide(Layer.succeedContext(database)),
      Layer.provide(
        ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds", "GuildMessages") })
      )
    )
    return Context.get(yield* Layer.build(Layer.fresh(layer)), ClusterFleet.ClusterFleet)
  })

const soon = <E>(isSo: Effect.Effect<boolean, E>) =>
  Effect.repeat(Effect.zipRight(Effect.sleep(50), isSo), { until: (so) => so })

const voice = (guildId: string): Command.VoiceStateUpdate => ({
  op: Opcode.VoiceStateUpdate,
  d: { guild_id: guildId, channel_id: null, self_mute: false, self_deaf: false }
})

const world = World.make({ seed: 5, guilds: 24, membersPerGuild: 1 })

/** The id of some guild that a shard of four hears of. */
const findGuild = (shard: number) => world.guilds.find(({ id }) => ShardId.shardOf(id, 4) === shard)?.id ?? ""

/** The numbers of messages in a guild, in the order of their handling. */
const numbersIn = (guild: string, handled: ReadonlyArray<Handled>): ReadonlyArray<unknown> =>
  handled.flatMap(({ event }) =>
    event.t === "MESSAGE_CREATE" && event.d.guild_id === guild && event.d.nonce !== undefined
      ? [event.d.nonce]
      : []
  )

describe("ClusterFleet", () => {
  it.scopedLive(
    "handles events where the shard is, sends to any guild from any runner, and reshards",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const database = yield* Layer.build(NodeCluster.layerSqlite(`${yield* Trial.scratch}/cluster.db`))
        const handled: Array<Handled> = []
        const a = yield* joinCluster(database, "a", 4, handled)
        const b = yield* joinCluster(database, "b", 4, handled)
        const areShared = Effect.zipWith(a.shards, b.shards, (a, b) => a.length === 2 && b.length === 2)
        const areUp = (total: number) =>
          Effect.map(a.status, ({ shards }) =>
            shards.length === total &&
            shards.every(({ status }) => status._tag === "Some" && status.value === "Connected"))
        yield* soon(areShared)
        yield* soon(areUp(4))

        const { runners } = yield* b.status
        assert.deepStrictEqual(runners.map(({ name, shards }) => [name, shards.length]), [["a", 2], ["b", 2]])

        // Each shard's command is sent over that shard, from either runner.
        yield* Effect.forEach([0, 1, 2, 3], (shard) =>
          Effect.zipRight(
            a.sendToGuild(findGuild(shard), voice(findGuild(shard))),
            b.sendToGuild(findGuild(shard), voice(findGuild(shard)))
          ))
        const received = yield* simulator.received(Opcode.VoiceStateUpdate)
        assert.deepStrictEqual(
          received.map(({ shard }) => shard).sort(),
          [0, 0, 1, 1, 2, 2, 3, 3]
        )

        yield* Effect.forEach([0, 1, 2, 3], (shard) => simulator.dispatch({ t: "MESSAGE_CREATE", d: {}, shard }))
        const messages = () => handled.filter(({ event }) => event.t === "MESSAGE_CREATE")
        yield* soon(Effect.sync(() => messages().length === 4))
        for (const fleet of [a, b]) {
          const own = messages().filter(({ runner }) => runner === fleet.runner.name)
          assert.deepStrictEqual(own.map(({ shard }) => shard.id).sort(), (yield* fleet.shards).map(({ id }) => id.id))
        }

        // Messages in one guild of each shard of four, all the time.
        const sent = new Map<string, number>()
        const send = Effect.forEach([0, 1, 2, 3], (shard) => {
          const guild = findGuild(shard)
          const number = (sent.get(guild) ?? 0) + 1
          sent.set(guild, number)
          // Some have an id, which both sessions bring, and some are known by their contents alone.
          const id = number % 3 === 0 ? { id: `${guild}${number}` } : {}
          return simulator.dispatch({
            t: "MESSAGE_CREATE",
            d: { guild_id: guild, nonce: number, ...id },
            guildId: guild
          })
        })
        const load = yield* Effect.forkScoped(Effect.forever(Effect.zipRight(send, Effect.sleep("150 millis"))))
        yield* b.reshard(6)
        // As soon as a part has begun, it is too late to choose another number.
        yield* soon(Effect.map(a.status, ({ resharding }) =>
          Option.exists(resharding, ({ parts, shards, total }) =>
            total === 6 && parts === 2 && shards.some(({ status }) =>
              Option.isSome(status)
            ))))
        const refused = yield* Effect.flip(a.reshard(8))
        assert.strictEqual(refused._tag, "ReshardUnderWayError")
        // Commands find their guild all the time.
        yield* Effect.forEach([0, 1, 2, 3], (shard) =>
          a.sendToGuild(findGuild(shard), voice(findGuild(shard))))
        yield* soon(areUp(6))
        yield* soon(Effect.map(b.total, (total) => total === 6))
        assert.deepStrictEqual((yield* b.status).resharding, Option.none())
        // The slots divide this total, so that no shard moves: each session is resumed as it is by now.
        yield* b.reshard(12)
        yield* soon(Effect.map(b.total, (total) => total === 12))
        yield* soon(areUp(12))
        yield* Effect.sleep("500 millis")
        yield* Fiber.interrupt(load)
        yield* soon(
          Effect.sync(() => Array.from(sent).every(([guild, count]) => numbersIn(guild, handled).at(-1) === count))
        )
        for (const [guild, count] of sent) {
          assert.deepStrictEqual(numbersIn(guild, handled), Array.from({ length: count }, (_, index) => index + 1))
        }
        // A shard may resume just now.
        const connected = Effect.map(
          simulator.sessions,
          (sessions) => sessions.filter(({ isConnected }) => isConnected).map(({ total }) => total)
        )
        yield* soon(Effect.map(connected, ({ length }) => length === 12))
        assert.deepStrictEqual(yield* connected, Array.from({ length: 12 }, () => 12))
        assert.deepStrictEqual(yield* simulator.violations, [])

        assert.strictEqual(yield* a.drain("b"), 1)
        yield* b.awaitDrain
      }).pipe(
        Effect.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 16, world }))
      ),
    120_000
  )
})
