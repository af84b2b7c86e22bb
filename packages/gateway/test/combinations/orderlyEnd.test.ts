/** A process that ends in order while its readers are at different events. The next process receives the others, and no event twice. */
import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Events from "../../src/Events.js"
import * as SessionStore from "../../src/SessionStore.js"
import { layer } from "../harness.js"
import * as Bot from "./bot.js"
import { receivedOf } from "./record.js"

const world = World.make({ seed: 11, guilds: 6, membersPerGuild: 1 })
const guilds: ReadonlyArray<string> = world.guilds.map(({ id }) => id)
const count = 24

/** Handles an event of the reader with this name, in this time. */
type Handle = (reader: string, millis: number) => (event: Dispatch.Dispatch) => Effect.Effect<void>

const readers: Record<string, (bot: Bot.Bot, handle: Handle) => Effect.Effect<void, unknown>> = {
  "a fast and a slow set of handlers": (bot, handle) =>
    bot.runSet(Events.merge(
      Events.on("MESSAGE_CREATE", handle("fast", 1)),
      Events.on("MESSAGE_CREATE", handle("slow", 90))
    )),
  "a fast and a slow run of handlers": (bot, handle) =>
    Effect.all([
      bot.runForEach(handle("fast", 1), { key: "fast" }),
      bot.runForEach(handle("slow", 90), { key: "slow" })
    ], { concurrency: "unbounded", discard: true }),
  "handlers of which a run has two at a time": (bot, handle) => bot.runForEach(handle("busy", 90), { concurrency: 2 }),
  "handlers of which a run has any number at a time": (bot, handle) =>
    bot.runForEach(handle("busy", 90), { concurrency: "unbounded" }),
  "a run with two handlers at a time and a slow run": (bot, handle) =>
    Effect.all([
      bot.runForEach(handle("busy", 30), { concurrency: 2, key: "busy" }),
      bot.runForEach(handle("slow", 90), { key: "slow" })
    ], { concurrency: "unbounded", discard: true })
}

const makers = { "a shard": Bot.ofShard, "a fleet": Bot.ofFleet(2) }

const send = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  for (let n = 1; n <= count; n++) {
    // Most events belong to one guild, so that they wait for each other.
    const guild = guilds[n % 4 === 0 ? n % 5 + 1 : 0] ?? ""
    const d = { id: String(1_000 + n), guild_id: guild, n }
    yield* simulator.dispatch({ t: "MESSAGE_CREATE", d, guildId: guild })
    yield* Effect.sleep("5 millis")
  }
})

/** Returns the numbers that each reader has handled, over two processes. The first one ends after the milliseconds. */
const play = (
  makeBot: typeof Bot.ofShard,
  read: (bot: Bot.Bot, handle: Handle) => Effect.Effect<void, unknown>,
  acknowledge: "onReceive" | "onHandled",
  millis: number
) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const handled = new Map<string, Array<number>>()
    const handle: Handle = (reader, duration) => (event) => {
      const received = receivedOf(event)
      const done = Effect.sync(() => {
        if (received !== undefined) {
          handled.set(reader, [...handled.get(reader) ?? [], received.n])
        }
      })
      return received === undefined ? Effect.void : Effect.delay(done, duration)
    }
    const life = (millis: number, send: Effect.Effect<void, never, GatewaySimulator.GatewaySimulator>) =>
      Effect.scoped(Effect.gen(function*() {
        const bot = yield* makeBot
        yield* Effect.forkScoped(read(bot, handle))
        yield* bot.connect
        yield* Effect.sleep("500 millis")
        yield* send
        yield* Effect.sleep(millis)
      }))
    const store = yield* SessionStore.makeMemory
    yield* Effect.zipRight(life(millis, send), life(10_000, Effect.void)).pipe(
      Effect.provideService(SessionStore.SessionStore, store),
      Effect.withRandom(Random.make("orderly end")),
      Effect.provide(layer({
        config: { acknowledge },
        maxConcurrency: 8,
        simulator: { world, latency: "3 millis", maxConcurrency: 8 }
      })),
      clock.run
    )
    return handled
  })

const all = Array.from({ length: count }, (_, index) => index + 1)

for (const [target, makeBot] of Object.entries(makers)) {
  for (const [name, read] of Object.entries(readers)) {
    describe(`${name} on ${target} of a process that ends in order`, () => {
      for (const acknowledge of ["onReceive", "onHandled"] as const) {
        for (const millis of [0, 130, 700]) {
          it.live(`handle each event once, ${acknowledge}, an end after ${millis} ms`, () =>
            Effect.map(play(makeBot, read, acknowledge, millis), (handled) => {
              assert.isAbove(handled.size, 0)
              handled.forEach((numbers, reader) =>
                assert.deepStrictEqual(numbers.toSorted((a, b) => a - b), all, reader)
              )
            }))
        }
      }
    })
  }
}
