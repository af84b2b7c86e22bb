import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import type * as Session from "@vesper/gateway/Session"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as FleetStore from "../../src/internal/fleetStore.js"
import * as Host from "../../src/internal/host.js"
import * as PartHost from "../../src/internal/partHost.js"
import * as Leases from "../../src/internal/leases.js"

/** A database with shards in it that nobody else wants. */
const makeStore = (): FleetStore.FleetStore => {
  const sessions = new Map<number, Option.Option<Session.Session>>()
  return {
    begin: () => Effect.never,
    plan: Effect.never,
    claim: (shard) =>
      Effect.sync(() => Option.some({ shard, fence: 1, session: sessions.get(shard.id) ?? Option.none() })),
    renew: (claims) =>
      Effect.succeed(claims.map(({ fence, shard }) => ({ total: shard.total, shard: shard.id, fence }))),
    appear: Effect.never,
    bury: Effect.void,
    beginPart: () => Effect.succeedSome(true),
    abandonPart: () => Effect.void,
    finishPart: () => Effect.succeed(true),
    save: (claim, next) =>
      Effect.sync(() => {
        sessions.set(claim.shard.id, next)
        return true
      }),
    tell: () => Effect.void,
    release: () => Effect.void,
    leave: Effect.void
  }
}

describe("a shard that has to go", () => {
  const ways: ReadonlyArray<
    readonly [string, (shard: Fiber.RuntimeFiber<unknown, unknown>) => Effect.Effect<unknown>]
  > = [
    ["once", Fiber.interrupt],
    // As when its runner ends while it moves.
    ["twice", (shard) => Effect.zipRight(Fiber.interruptFork(shard), Effect.delay(Fiber.interrupt(shard), 20))]
  ]
  for (const [times, interrupt] of ways) {
    it.scopedLive(
      `between its identify and READY waits for the session, told ${times}, and is resumed by the next owner`,
      () =>
        Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const store = makeStore()
          const host = Host.host({
            store,
            leases: yield* Leases.make(store, Duration.seconds(15)),
            concurrency: 1,
            poll: Duration.millis(100),
            handler: () => Effect.void,
            enter: () => () => {},
            failed: () => Effect.void
          }, ShardId.single)
          const first = yield* Effect.fork(host)
          yield* simulator.awaitLog(LogEntry.is("Identified"))
          yield* interrupt(first)
          yield* Effect.fork(host)
          const resumed = yield* simulator.awaitLog(LogEntry.is("Resumed"))
          assert.strictEqual(resumed.connection, 2)
          const log = yield* simulator.log
          assert.strictEqual(log.filter(LogEntry.is("Identified")).length, 1)
        }).pipe(Effect.provide(Layer.mergeAll(
          GatewaySimulator.layerInMemory({ latency: "200 millis" }),
          IdentifyQueue.layerUnlimited,
          Layer.orDie(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") }))
        ))),
      30_000
    )
  }
})

/** A shard alone, and the three new ones of a part whose resharding is done. */
const seats: ReadonlyArray<
  readonly [string, (options: PartHost.Options<never>) => ReturnType<typeof Host.host<never>>]
> = [
  ["a shard", (options) => Host.host(options, ShardId.single)],
  ["a part", (options) =>
    PartHost.host(options, {
      plan: { total: 6, next: Option.some(9), epoch: 1 },
      from: 6,
      to: 9,
      parts: 3,
      part: 0
    })]
]

const guilds = 12

/** Where a message of this number is: its guild is on shard 0, 3 or 6 of nine, which are those of the part. */
const guildOf = (number: number) => String(BigInt(3 * (number % guilds)) << 22n)

describe("a move under load, on a database that takes its time", () => {
  const cases = seats.flatMap(([what, seat]) =>
    (["onHandled", "onReceive"] as const).map((acknowledge) => [what, seat, acknowledge] as const)
  )
  for (const [what, seat, acknowledge] of cases) {
    it.scopedLive(`of ${what} has each event handled once, acknowledging ${acknowledge}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const store = makeStore()
        const slow: FleetStore.FleetStore = {
          ...store,
          // Written in the middle: whoever is interrupted then does not know of it.
          save: (claim, session) =>
            Effect.sleep("8 millis").pipe(
              Effect.zipRight(store.save(claim, session)),
              Effect.zipLeft(Effect.sleep("8 millis")),
              Effect.disconnect
            )
        }
        const handled: Array<{ readonly guild: number; readonly number: number }> = []
        const host = seat({
          store: slow,
          reshard: {},
          leases: yield* Leases.make(slow, Duration.seconds(15)),
          concurrency: 1,
          poll: Duration.millis(20),
          handler: (_, event) =>
            event.t === "MESSAGE_CREATE"
              ? Effect.zipRight(
                Effect.sync(() =>
                  handled.push({ guild: Number(event.d.nonce) % guilds, number: Number(event.d.nonce) })
                ),
                Effect.sleep("1 millis")
              )
              : Effect.void,
          enter: () => () => {},
          failed: () => Effect.void
        })
        let sent = 0
        const first = yield* Effect.fork(host)
        yield* simulator.awaitLog(LogEntry.is("Identified"))
        yield* Effect.sleep("600 millis")
        const load = yield* Effect.forkScoped(Effect.forever(
          Effect.zipRight(
            Effect.suspend(() =>
              simulator.dispatch({
                t: "MESSAGE_CREATE",
                guildId: guildOf(sent + 1),
                d: { guild_id: guildOf(++sent), nonce: sent }
              })
            ),
            Effect.sleep("3 millis")
          )
        ))
        let current = first
        for (let move = 0; move < 12; move++) {
          yield* Effect.sleep(150 + move * 7)
          yield* Fiber.interrupt(current)
          current = yield* Effect.fork(host)
        }
        yield* Fiber.interrupt(load)
        yield* Effect.repeat(Effect.sleep("100 millis"), { until: () => handled.length >= sent, times: 50 })
        yield* Effect.sleep("200 millis")
        // In order within a guild, and each once.
        assert.deepStrictEqual(
          Array.from(handled).sort((a, b) => a.guild - b.guild),
          Array.from({ length: sent }, (_, index) => ({ guild: (index + 1) % guilds, number: index + 1 }))
            .sort((a, b) => a.guild - b.guild)
        )
      }).pipe(Effect.provide(Layer.mergeAll(
        GatewaySimulator.layerInMemory({ maxConcurrency: 16 }),
        IdentifyQueue.layerUnlimited,
        Layer.orDie(ShardConfig.layer({
          token: Redacted.make("any-token"),
          intents: Intents.of("Guilds", "DirectMessages", "GuildMessages"),
          acknowledge
        }))
      ))), 30_000)
  }
})
