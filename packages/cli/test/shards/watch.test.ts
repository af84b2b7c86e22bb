/** The live view over a life of its shards, on a simulated gateway in memory and a terminal that remembers. */
import * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { stripVTControlCharacters } from "node:util"
import { Watch } from "../../src/shards/index.js"

const token = Redacted.make("MTE.secret.token")

const gateway = Layer.mergeAll(
  ShardConfig.layer({ token, intents: Intents.nonPrivileged }),
  IdentifyQueue.layerInMemory({ maxConcurrency: 4 }),
  GatewaySimulator.layerInMemory({ token, maxConcurrency: 4, world: World.make({ guilds: 8, membersPerGuild: 1 }) })
)

/** Records the frames. No key is pressed. */
const terminalOf = (texts: Array<string>): Terminal.Terminal => ({
  columns: Effect.succeed(120),
  rows: Effect.succeed(40),
  isTTY: Effect.succeed(true),
  readInput: Mailbox.make<Terminal.UserInput>(),
  readLine: Effect.never,
  display: (text) => Effect.sync(() => texts.push(stripVTControlCharacters(text)))
})

const shardsIn = (frame: string) =>
  Array.from(frame.matchAll(/^(\[\d+\/\d+\]) +(.) /gm), ([, id, symbol]) => `${id} ${symbol}`)

describe("the live view", () => {
  it.live("follows a fleet through a resharding, and loses no count", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      const frames: Array<string> = []
      yield* Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const reshard = (fleet: Fleet.Fleet) =>
          Effect.sleep("3 seconds").pipe(
            Effect.zipRight(Effect.orDie(fleet.reshard(4))),
            Effect.zipRight(Effect.never)
          )
        yield* Watch.watch({
          title: "the title",
          json: false,
          isGapless: false,
          showsEvents: true,
          duration: Option.some(Duration.seconds(50)),
          start: Watch.startFleet(
            Fleet.make({ shards: { total: 2 } }),
            (fleet) => Effect.raceFirst(reshard(fleet), simulator.traffic({ eventsPerSecond: 5 }))
          ),
          http: Option.none(),
          summary: (summary, kept) => Effect.succeed(`${summary}, ${kept} kept`)
        })
      }).pipe(Effect.provide(gateway), Effect.provideService(Terminal.Terminal, terminalOf(frames)), clock.run)

      const screens = frames.filter((frame) => frame.includes("the title"))
      assert.isTrue(screens.some((frame) => shardsIn(frame).join() === "[0/2] ●,[1/2] ●"))
      assert.isTrue(
        screens.some((frame) => /resharding: \d+ guilds? to hand over/.test(frame) && /2 of 2 connected/.test(frame))
      )
      assert.deepStrictEqual(shardsIn(screens.at(-1) ?? ""), ["[0/4] ●", "[1/4] ●", "[2/4] ●", "[3/4] ●"])
      const counts = screens.map((frame) => Number(/ (\d+) events, \d+ buffered/.exec(frame)?.[1]))
      assert.deepStrictEqual(counts, counts.toSorted((a, b) => a - b))
      const [, summed] = /^(\d+) events/m.exec(frames.at(-1) ?? "") ?? []
      assert.isAbove(Number(summed), 100)
      assert.match(frames.at(-1) ?? "", /2 sessions started, .*4 of 4 sessions kept/)
    }))
})
