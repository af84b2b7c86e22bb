/** A fleet with options that are no durations, and with queues and APIs that do not keep the promises of their types. */
import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import * as GatewayApi from "../../src/GatewayApi.js"
import * as IdentifyQueue from "../../src/IdentifyQueue.js"
import { layer } from "../harness.js"

const wide = { maxConcurrency: 16, simulator: { maxConcurrency: 16 } }

const startFleet = (total: number) =>
  Effect.tap(Fleet.make({ shards: { total } }), (fleet) => Effect.zipRight(TestClock.adjust(0), fleet.awaitReady))

// As they may come from a program without types.
const options = (value: Readonly<Record<string, unknown>>) => value as Fleet.AutoReshardOptions

describe("an option of a resharding", () => {
  const refused = [
    ["timeout", Number.NaN],
    ["timeout", -1],
    ["lag", "soon"],
    ["lag", "-1 seconds"],
    ["patience", {}],
    ["patience", Number.NaN]
  ] as const
  for (const [name, value] of refused) {
    it.scoped(`${name} of ${String(value)} is refused with a ConfigError that names it`, () =>
      Effect.gen(function*() {
        const fleet = yield* startFleet(1)
        const error = yield* Effect.flip(fleet.reshard(2, options({ [name]: value })))
        assert.match(String(error), new RegExp(name))
        assert.strictEqual((yield* fleet.status).total, 1)
      }).pipe(Effect.provide(layer(wide))))
  }

  const refusedByWatch = [
    ...refused,
    ["interval", 0],
    ["interval", "-1 hours"],
    ["interval", Number.NaN],
    ["guildsPerShard", 0],
    ["guildsPerShard", "many"]
  ] as const
  for (const [name, value] of refusedByWatch) {
    it.effect(`${name} of ${String(value)} is refused by autoReshard`, () =>
      Effect.gen(function*() {
        const fleet = yield* startFleet(1)
        const error = yield* Effect.flip(
          Effect.provideService(Fleet.autoReshard(options({ [name]: value })), Fleet.Fleet, fleet)
        )
        assert.match(String(error), new RegExp(name))
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(GatewaySimulator.layerApi, layer(wide)))
      ))
  }
})

const broken = {
  dies: Effect.die(new Error("the queue is broken")),
  hangs: Effect.never,
  "is no Effect": undefined as unknown as Effect.Effect<never>
}

/** A queue that grants every identify, and answers nothing else. */
const queueWith = (change: Partial<IdentifyQueue.IdentifyQueue>): IdentifyQueue.IdentifyQueue => ({
  ...IdentifyQueue.make(() => (identify) => identify),
  ...change
})

const withQueue = (queue: IdentifyQueue.IdentifyQueue) =>
  Layer.merge(layer(wide), Layer.succeed(IdentifyQueue.IdentifyQueue, queue))

describe("a resharding with an identify queue", () => {
  for (const [how, effect] of Object.entries(broken)) {
    it.scoped(`whose reservation ${how} fails with Budget, and can be tried again`, () =>
      Effect.gen(function*() {
        const fleet = yield* startFleet(1)
        for (let attempt = 0; attempt < 2; attempt++) {
          const failing = yield* Effect.fork(Effect.flip(fleet.reshard(2)))
          yield* TestClock.adjust("40 seconds")
          assert.match((yield* Fiber.join(failing)).message, /Budget.*the identify queue could not reserve 2/)
        }
        assert.strictEqual((yield* fleet.status).total, 1)
      }).pipe(Effect.provide(withQueue(queueWith({ reserve: () => effect })))))

    it.scoped(`whose budget ${how} reshards without it`, () =>
      Effect.gen(function*() {
        const fleet = yield* startFleet(1)
        const resharding = yield* Effect.fork(fleet.reshard(2))
        yield* Effect.forkScoped(fleet.runForEach(() => Effect.void))
        yield* TestClock.adjust("3 minutes")
        yield* Fiber.join(resharding)
        assert.strictEqual((yield* fleet.status).total, 2)
      }).pipe(Effect.provide(withQueue(queueWith({ budget: effect })))))
  }
})

describe("a fleet that is looked after", () => {
  for (const [how, effect] of Object.entries(broken)) {
    it.scoped(`with an API that ${how} logs it and looks again`, () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const logger = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ logLevel, message }) => {
            if (logLevel === LogLevel.Error) {
              lines.push(String(message))
            }
          })
        )
        yield* Effect.gen(function*() {
          const fleet = yield* startFleet(1)
          const watching = yield* Fleet.autoReshard().pipe(
            Effect.provideService(Fleet.Fleet, fleet),
            Effect.provideService(GatewayApi.GatewayApi, { gatewayBot: effect }),
            Effect.forkScoped
          )
          yield* TestClock.adjust("150 minutes")
          assert.isNull(watching.unsafePoll())
        }).pipe(
          Effect.provide(Layer.provideMerge(Layer.merge(logger, Logger.minimumLogLevel(LogLevel.Error)), layer(wide)))
        )
        assert.strictEqual(lines.length, 2)
      }))
  }
})

describe("a broadcast", () => {
  const presence = Either.getOrThrow(
    Command.updatePresence({ since: null, activities: [], status: "dnd", afk: false })
  )

  it.scoped("is encoded once for all shards", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const fleet = yield* startFleet(4)
      let read = 0
      const counted = (): Command.Command => ({
        ...presence,
        get d() {
          read++
          return presence.d
        }
      })
      yield* (yield* fleet.shards)[0]?.command(counted()) ?? Effect.void
      const once = read
      read = 0
      yield* fleet.broadcast(counted())
      assert.strictEqual(read, once)
      assert.strictEqual((yield* simulator.received(Opcode.PresenceUpdate)).length, 5)
    }).pipe(Effect.provide(layer(wide))))

  it.scoped("of a command that is none fails, and is sent by no shard", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const fleet = yield* startFleet(2)
      const error = yield* Effect.flip(fleet.broadcast({ op: 3 } as unknown as Command.Command))
      assert.strictEqual(error.reason, "Serializing")
      assert.strictEqual((yield* simulator.received(Opcode.PresenceUpdate)).length, 0)
    }).pipe(Effect.provide(layer(wide))))
})

describe("a member request that is not answered when its fleet is resharded", () => {
  it.live("fails and says so", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      yield* Effect.gen(function*() {
        const fleet = yield* Fleet.make({ shards: { total: 1 } })
        yield* Effect.forkScoped(fleet.runForEach(() => Effect.void))
        yield* fleet.awaitReady
        const [shard] = yield* fleet.shards
        const request = { guild_id: "1", query: "", limit: 0 }
        const asking = yield* Effect.fork(
          Effect.flip(
            Stream.runDrain(shard?.requestGuildMembers(request, { idleTimeout: "1 hours" }) ?? Stream.empty)
          )
        )
        yield* fleet.reshard(2)
        const error = yield* Effect.timeoutFail(Fiber.join(asking), {
          duration: Duration.minutes(1),
          onTimeout: () => new Error("it still waits")
        })
        assert.match(error.message, /shard .*closed/)
      }).pipe(
        Effect.scoped,
        Effect.provide(layer({ ...wide, config: { intents: Intents.all } })),
        clock.run
      )
    }))
})
