/** A runner that dies while it reshards a part: the next one begins the part again, from the sessions in the database. */
import { assert, describe, it } from "@effect/vitest"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as World from "@vesper/testing/World"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { runShards } from "../../src/internal/fleet/runShards.js"
import * as Ownership from "../../src/internal/ownership/ownership.js"
import type * as Placement from "../../src/internal/ownership/placement.js"
import * as FakeRows from "./fakeRows.js"

/** From one shard to two: one part, in one slot. */
const plan: Placement.Plan = { total: 1, next: Option.some(2), slots: 1, epoch: 1 }
const world = World.make({ seed: 11, guilds: 4, membersPerGuild: 1 })
const guild = world.guilds[0]?.id ?? ""

interface Stage {
  /** Numbers of messages, in the order of their handling. */
  readonly handled: Array<number>
  isDone: boolean
  /** Run as a part is finished. */
  onFinish: Effect.Effect<void>
}

/** A runner that acknowledges on receipt. */
const start = (rows: FakeRows.FakeRows, stage: Stage) =>
  Effect.gen(function*() {
    const ownership = yield* Ownership.make<Fleet.Requirements>({
      rows,
      plan,
      isStrict: true,
      lease: Duration.hours(1),
      tick: Duration.millis(50),
      run: (unit, leases) =>
        runShards(
          {
            rows: {
              beginPart: () => Effect.sync(() => Option.some(stage.isDone)),
              abandonPart: () => Effect.void,
              finishPart: () =>
                Effect.as(
                  Effect.zipRight(
                    stage.onFinish,
                    Effect.sync(() => {
                      stage.isDone = true
                    })
                  ),
                  true
                )
            },
            reshard: { lag: "1 minute" },
            concurrency: 1,
            poll: Duration.hours(1),
            handler: ({ event }) =>
              Effect.sync(() => {
                if (event.t === "MESSAGE_CREATE") {
                  stage.handled.push(Number(event.d.nonce))
                }
              }),
            enter: () => () => {},
            failed: () => Effect.void
          },
          unit,
          leases
        )
    })
    ownership.unsafeSetAssignment(() => true)
    yield* Effect.addFinalizer(() => ownership.close)
    yield* ownership.acquire([0])
  })

/** A message in the guild, with an id that both sessions receive. */
const send = (number: number) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ dispatch }) =>
      dispatch({ t: "MESSAGE_CREATE", guildId: guild, d: { id: `${number}`, guild_id: guild, nonce: number } })
  )

/** A runner on these rows. It dies without another statement. */
const startMortal = (rows: FakeRows.FakeRows, stage: Stage) =>
  Effect.gen(function*() {
    let isDead = false
    const unlessDead = <A>(statement: Effect.Effect<A, Error>) =>
      Effect.suspend(() => isDead ? Effect.fail(FakeRows.away) : statement)
    const scope = yield* Scope.make()
    const { claim, release, renew, save } = rows
    yield* Scope.extend(
      start({
        ...rows,
        claim: (plan, shards) => unlessDead(claim(plan, shards)),
        renew: (claims) => unlessDead(renew(claims)),
        save: (writes) => unlessDead(save(writes)),
        release: (claims) => unlessDead(release(claims))
      }, stage),
      scope
    )
    const die = Effect.sync(() => {
      isDead = true
    })
    const end = Effect.zipRight(Effect.forkDaemon(Scope.close(scope, Exit.void)), TestClock.adjust("20 seconds"))
    return { die, end: Effect.zipRight(die, end) }
  })

const layer = Layer.mergeAll(
  GatewaySimulator.layerInMemory({ maxConcurrency: 16, world }),
  IdentifyQueue.layerInMemory({ maxConcurrency: 16 }),
  Layer.orDie(ShardConfig.layer({
    token: Redacted.make("any-token"),
    intents: Intents.of("Guilds", "GuildMessages"),
    acknowledge: "onReceive",
    saveInterval: "1 hour"
  }))
)

describe("a part that a dead runner leaves, acknowledging onReceive", () => {
  it.scoped("has no event handled twice that only a new shard had received", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const rows = FakeRows.make()
      const stage: Stage = { handled: [], isDone: false, onFinish: Effect.void }
      const runner = yield* startMortal(rows, stage)
      yield* TestClock.adjust("20 seconds")
      // The common point of this guild; the others wait for a silence.
      yield* send(1)
      yield* TestClock.adjust("200 millis")
      yield* simulator.inject(Fault.RefuseConnections({ host: "any", times: 1, status: 503 }))
      // The first to identify is the old shard.
      const { connection } = yield* simulator.awaitLog(LogEntry.is("Identified"))
      yield* simulator.inject(Fault.Drop(), { connection })
      yield* send(2)
      yield* TestClock.adjust("200 millis")
      yield* runner.end
      yield* start(rows, stage)
      yield* TestClock.adjust("2 minutes")
      yield* send(3)
      yield* TestClock.adjust("1 second")
      assert.isTrue(stage.isDone)
      assert.deepStrictEqual(stage.handled, [1, 2, 3])
    }).pipe(Effect.provide(layer)))

  it.scoped("has no event handled twice that its old shards had handled when it was finished", () =>
    Effect.gen(function*() {
      const rows = FakeRows.make()
      const stage: Stage = { handled: [], isDone: false, onFinish: Effect.void }
      const runner = yield* startMortal(rows, stage)
      stage.onFinish = runner.die
      yield* TestClock.adjust("20 seconds")
      for (let number = 1; number <= 3; number++) {
        yield* send(number)
        yield* TestClock.adjust("200 millis")
      }
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(stage.isDone)
      assert.deepStrictEqual(stage.handled, [1, 2, 3])
      yield* runner.end
      yield* start(rows, stage)
      yield* TestClock.adjust("5 seconds")
      yield* send(4)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(stage.handled, [1, 2, 3, 4])
    }).pipe(Effect.provide(layer)))
})
