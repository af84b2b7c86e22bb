/** Two runners in one process, with sockets of their own between them, on one database and one simulated gateway. */
import { assert, describe, it } from "@effect/vitest"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ClusterFleet from "../src/ClusterFleet.js"
import * as NodeCluster from "../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../src/SqlIdentifyQueue.js"
import * as Trial from "./proof/trial.js"

const lease = "6 seconds"

const joinCluster = (file: string, runner: string, shards: number, handled: Array<string>) =>
  Effect.gen(function*() {
    const port = yield* Trial.freePort
    const layer = ClusterFleet.layer({
      shards,
      lease,
      runner,
      handlers: ({ event, shard }) => Effect.sync(() => handled.push(`${runner} ${shard.id} ${event.t}`))
    }).pipe(
      Layer.provide(SqlIdentifyQueue.layer({ maxConcurrency: 16, interval: "5100 millis" })),
      Layer.provide(NodeCluster.layer({ host: "127.0.0.1", port, lease, slots: shards })),
      Layer.provide(NodeCluster.layerSqlite(file)),
      Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("GuildMessages") }))
    )
    return Context.get(yield* Layer.build(Layer.fresh(layer)), ClusterFleet.ClusterFleet)
  })

const soon = <E>(isSo: Effect.Effect<boolean, E>) =>
  Effect.repeat(Effect.zipRight(Effect.sleep(50), isSo), { until: (so) => so })

const voice = (guildId: string): Command.VoiceStateUpdate => ({
  op: Opcode.VoiceStateUpdate,
  d: { guild_id: guildId, channel_id: null, self_mute: false, self_deaf: false }
})

/** The id of some guild that a shard hears of. */
const guildOf = (shard: number) => String(BigInt(shard) << 22n)

describe("ClusterFleet", () => {
  it.scopedLive(
    "handles events where the shard is, sends to any guild from any runner, and reshards",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const file = `${yield* Trial.scratch}/cluster.db`
        const handled: Array<string> = []
        const a = yield* joinCluster(file, "a", 4, handled)
        const b = yield* joinCluster(file, "b", 4, handled)
        const areShared = Effect.zipWith(a.shards, b.shards, (a, b) => a.length === 2 && b.length === 2)
        const areUp = (total: number) =>
          Effect.map(a.status, ({ shards }) =>
            shards.length === total &&
            shards.every(({ status }) => status._tag === "Some" && status.value === "Connected"))
        yield* soon(areShared)
        yield* soon(areUp(4))

        const { runners } = yield* b.status
        assert.deepStrictEqual(runners.map(({ name, shards }) => [name, shards.length]), [["a", 2], ["b", 2]])

        // Each shard's command goes out over that shard, whichever runner was asked.
        yield* Effect.forEach([0, 1, 2, 3], (shard) =>
          Effect.zipRight(
            a.sendToGuild(guildOf(shard), voice(guildOf(shard))),
            b.sendToGuild(guildOf(shard), voice(guildOf(shard)))
          ))
        const received = yield* simulator.received(Opcode.VoiceStateUpdate)
        assert.deepStrictEqual(
          received.map(({ shard }) => shard).sort(),
          [0, 0, 1, 1, 2, 2, 3, 3]
        )

        yield* Effect.forEach([0, 1, 2, 3], (shard) => simulator.dispatch({ t: "MESSAGE_CREATE", d: {}, shard }))
        const messages = () => handled.filter((line) => line.endsWith("MESSAGE_CREATE"))
        yield* soon(Effect.sync(() => messages().length === 4))
        for (const fleet of [a, b]) {
          const own = (yield* fleet.shards).map(({ id }) => `${fleet.runner.name} ${id.id} MESSAGE_CREATE`)
          assert.includeMembers(messages(), own)
        }

        yield* Effect.sleep("6 seconds")
        yield* b.reshard(2)
        yield* soon(areUp(2))
        assert.strictEqual(yield* a.total, 2)
        const connected = (yield* simulator.sessions).filter(({ isConnected }) => isConnected)
        assert.deepStrictEqual(connected.map(({ total }) => total), [2, 2])
        assert.deepStrictEqual(yield* simulator.violations, [])

        assert.strictEqual(yield* a.drain("b"), 1)
        yield* b.awaitDrain
      }).pipe(
        Effect.provide(GatewaySimulator.layerInMemory({ maxConcurrency: 16 }))
      ),
    120_000
  )
})
