import { assert, describe, it } from "@effect/vitest"
import type * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Fleet from "@vesper/gateway/Fleet"
import { type RunOptions, runShards } from "../../src/internal/fleet/runShards.js"
import * as Ownership from "../../src/internal/ownership/ownership.js"
import type * as Placement from "../../src/internal/ownership/placement.js"
import * as FakeRows from "./fakeRows.js"

type Requirements = GatewaySocket.GatewaySocket | IdentifyQueue.IdentifyQueue | ShardConfig.ShardConfig | Scope.Scope

/** A runner that has the first slot of a plan. */
const start = (
  rows: FakeRows.FakeRows,
  plan: Placement.Plan,
  isStrict: boolean,
  handler: (event: Dispatch.Dispatch) => Effect.Effect<void>
): Effect.Effect<Ownership.Ownership, never, Requirements> =>
  Effect.gen(function*() {
    const options: RunOptions<never> = {
      rows: {
        beginPart: () => Effect.succeedSome(true),
        abandonPart: () => Effect.void,
        finishPart: () => Effect.succeed(true)
      },
      reshard: {},
      concurrency: 1,
      poll: Duration.millis(20),
      handler: ({ event }) => handler(event),
      enter: () => () => {},
      failed: () => Effect.void
    }
    const ownership = yield* Ownership.make<Fleet.Requirements>({
      rows,
      plan,
      isStrict,
      lease: Duration.seconds(15),
      tick: isStrict ? Duration.millis(50) : Duration.seconds(1),
      run: (unit, leases) => runShards(options, unit, leases)
    })
    ownership.unsafeSetAssignment(() => true)
    yield* Effect.addFinalizer(() => ownership.close)
    yield* ownership.acquire([0])
    return ownership
  })

describe("a shard that is stopped", () => {
  const ways: ReadonlyArray<readonly [string, (ownership: Ownership.Ownership) => Effect.Effect<unknown>]> = [
    ["once", ({ release }) => release(0)],
    // As when its runner ends while it moves.
    ["twice", ({ release }) => Effect.all([release(0), Effect.delay(release(0), 20)], { concurrency: 2 })]
  ]
  for (const [times, stop] of ways) {
    it.scopedLive(
      `${times} between its identify and READY waits for the session, and is resumed by the next owner`,
      () =>
        Effect.gen(function*() {
          const simulator = yield* GatewaySimulator.GatewaySimulator
          const ownership = yield* start(FakeRows.make(), FakeRows.makePlan(1), false, () => Effect.void)
          yield* simulator.awaitLog(LogEntry.is("Identified"))
          yield* stop(ownership)
          yield* ownership.acquire([0])
          const resumed = yield* simulator.awaitLog(LogEntry.is("Resumed"))
          assert.strictEqual(resumed.connection, 2)
          const log = yield* simulator.log
          assert.strictEqual(log.filter(LogEntry.is("Identified")).length, 1)
        }).pipe(Effect.provide(Layer.mergeAll(
          GatewaySimulator.layerInMemory({ latency: "200 millis" }),
          IdentifyQueue.layerUnlimited,
          Layer.orDie(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") }))
        ))),
      60_000
    )
  }
})

describe("a runner that freezes", () => {
  it.scopedLive(
    "between READY and the first save of a new session loses the session, because no other runner knows it",
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const rows = FakeRows.make()
        // Nothing that it writes arrives.
        const frozen: FakeRows.FakeRows = { ...rows, save: () => Effect.never }
        yield* start(frozen, FakeRows.makePlan(1), false, () => Effect.void)
        yield* simulator.awaitLog(LogEntry.is("Identified"))
        yield* start(rows, FakeRows.makePlan(1), false, () => Effect.void)
        const log = yield* Effect.repeat(Effect.zipRight(Effect.sleep(20), simulator.log), {
          until: (log) => log.filter(LogEntry.is("Identified")).length === 2
        })
        assert.strictEqual(log.filter(LogEntry.is("Resumed")).length, 0)
      }).pipe(Effect.provide(Layer.mergeAll(
        GatewaySimulator.layerInMemory({ latency: "200 millis" }),
        IdentifyQueue.layerUnlimited,
        Layer.orDie(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") }))
      ))),
    60_000
  )
})

const part: Placement.Plan = { total: 6, next: Option.some(9), slots: 3, epoch: 1 }

const guilds = 12

/** The guild of a message of this number: on shard 0, 3 or 6 of nine, which are those of the part. */
const findGuild = (number: number) => String(BigInt(3 * (number % guilds)) << 22n)

describe("a move under load, on a database that takes its time", () => {
  const cases = ([["a shard", FakeRows.makePlan(1)], ["a part", part]] as const).flatMap(([what, plan]) =>
    (["onHandled", "onReceive"] as const).map((acknowledge) => [what, plan, acknowledge] as const)
  )
  for (const [what, plan, acknowledge] of cases) {
    it.scopedLive(`of ${what} has each event handled once, acknowledging ${acknowledge}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const rows: FakeRows.FakeRows = Object.assign(FakeRows.make(), {
          doneParts: () => Effect.succeed(new Set([0])),
          before: Effect.sleep("8 millis"),
          after: Effect.sleep("8 millis")
        })
        const handled: Array<{ readonly guild: number; readonly number: number }> = []
        const ownership = yield* start(rows, plan, acknowledge === "onReceive", (event) =>
          event.t === "MESSAGE_CREATE"
            ? Effect.zipRight(
              Effect.sync(() => handled.push({ guild: Number(event.d.nonce) % guilds, number: Number(event.d.nonce) })),
              Effect.sleep("1 millis")
            )
            : Effect.void)
        let sent = 0
        yield* Effect.repeat(Effect.zipRight(Effect.sleep(20), simulator.sessions), {
          until: (sessions) => sessions.some(({ isConnected }) => isConnected)
        })
        yield* Effect.sleep("600 millis")
        const load = yield* Effect.forkScoped(Effect.forever(
          Effect.zipRight(
            Effect.suspend(() =>
              simulator.dispatch({
                t: "MESSAGE_CREATE",
                guildId: findGuild(sent + 1),
                d: { guild_id: findGuild(++sent), nonce: sent }
              })
            ),
            Effect.sleep("3 millis")
          )
        ))
        for (let move = 0; move < 12; move++) {
          yield* Effect.sleep(150 + move * 7)
          yield* ownership.release(0)
          yield* ownership.acquire([0])
        }
        yield* Fiber.interrupt(load)
        yield* Effect.repeat(Effect.sleep("100 millis"), { until: () => handled.length >= sent, times: 300 })
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
      ))), 60_000)
  }
})
