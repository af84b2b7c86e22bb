import { assert, describe, it } from "@effect/vitest"
import * as ModelSchema from "@vesper/model/ModelSchema"
import type * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Function from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type * as Shard from "../../src/Shard.js"
import {
  awaitReady,
  entries,
  inject,
  layer,
  startShard,
  timesReceived,
  withChance,
  withFirstWrite
} from "../harness.js"

const presence = (state: string): Command.Command => ({
  op: Opcode.PresenceUpdate,
  d: { since: null, afk: false, status: "online", activities: [{ name: "Custom", type: 4, state }] }
})
const voice = (guild: string, channel: string): Command.Command => ({
  op: Opcode.VoiceStateUpdate,
  d: { guild_id: guild, channel_id: channel, self_mute: false, self_deaf: false }
})
const sounds = (id: string): Command.Command => ({ op: Opcode.RequestSoundboardSounds, d: { guild_ids: [id] } })

/** Returns the name of a command in the test. */
const nameOf = (command: Command.Command): string => {
  switch (command.op) {
    case Opcode.PresenceUpdate:
      return `presence ${command.d.activities[0]?.state}`
    case Opcode.VoiceStateUpdate:
      return `voice ${command.d.guild_id} ${command.d.channel_id}`
    case Opcode.RequestSoundboardSounds:
      return `sounds ${command.d.guild_ids[0]}`
    default:
      return "none of these"
  }
}

const isCommand = Schema.is(ModelSchema.Command)

/** Returns the commands that the gateway received, in order, with their times. */
const received = Effect.map(entries("Received"), (all) =>
  all.flatMap(({ at, d, op }) => {
    const payload = { op, d }
    return isCommand(payload) ? [{ at, op, name: nameOf(payload) }] : []
  }))

const namesReceived = Effect.map(received, (all) => all.map(({ name }) => name))

const giveAll = (shard: Shard.Shard, commands: ReadonlyArray<Command.Command>) =>
  Effect.forEach(commands, (command) => Effect.zipLeft(Effect.fork(shard.command(command)), Effect.yieldNow()))

/** The guilds of the commands are made up. */
const violations = Effect.flatMap(
  GatewaySimulator.GatewaySimulator,
  (_) => Effect.map(_.violations, (all) => all.filter(({ rule }) => rule !== "UnknownGuild"))
)

describe("commands that wait", () => {
  it.scoped("are replaced by newer ones of their kind, and all who asked are told once that was written", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const senders = yield* giveAll(shard, [
        presence("a"),
        sounds("1"),
        voice("7", "1"),
        voice("8", "1"),
        presence("b"),
        voice("7", "2")
      ])
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(senders)
      assert.deepStrictEqual(yield* namesReceived, ["presence b", "sounds 1", "voice 7 2", "voice 8 1"])
    }).pipe(Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("are replaced by raw JSON of the same kind too", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* giveAll(shard, [presence("a")])
      yield* Effect.fork(shard.send(JSON.stringify(presence("b"))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* namesReceived, ["presence b"])
    }).pipe(Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("stay replaced when the older fiber is interrupted, and come back when the newer one is", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const [older] = yield* giveAll(shard, [voice("7", "1"), voice("7", "2")])
      const [, newer] = yield* giveAll(shard, [presence("a"), presence("b")])
      yield* Effect.forEach([older, newer], (fiber) => fiber ? Fiber.interrupt(fiber) : Effect.void)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* namesReceived, ["voice 7 2", "presence a"])
    }).pipe(Effect.provide(layer({ simulator: { latency: 50 } }))))

  it.scoped("in a full queue let others wait for a place, in order", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const senders = yield* giveAll(shard, ["1", "2", "3", "4", "5"].map(sounds))
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(senders)
      assert.deepStrictEqual(yield* namesReceived, ["1", "2", "3", "4", "5"].map((id) => `sounds ${id}`))
    }).pipe(Effect.provide(layer({ config: { commandQueueSize: 2 }, simulator: { latency: 50 } }))))
})

describe("presences", () => {
  it.scoped("are held at five in 20 s to the millisecond, over a reconnect too, while others pass", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      for (const name of ["1", "2", "3", "4", "5"]) {
        yield* shard.command(presence(name))
        yield* TestClock.adjust("1 second")
      }
      yield* giveAll(shard, [presence("6"), presence("7")])
      yield* TestClock.adjust(0)
      yield* shard.command(sounds("1"))
      yield* inject(Fault.Drop())
      yield* TestClock.adjust("14999 millis")
      yield* shard.command(sounds("2"))
      assert.deepStrictEqual((yield* namesReceived).slice(5), ["sounds 1", "sounds 2"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* received).slice(-1), [{ at: 20_000, op: 3, name: "presence 7" }])
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(withChance(0), Effect.provide(layer())))

  it.scoped("are not held if the config says so", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      yield* Effect.forEach(["1", "2", "3", "4", "5", "6"], (name) => shard.command(presence(name)))
      assert.deepStrictEqual((yield* violations).map(({ rule }) => rule), ["PresenceRate"])
    }).pipe(Effect.provide(layer({ config: { rateLimitCommands: false } }))))
})

describe("a command that is being written when the connection drops", () => {
  /** A socket that never completes the write of the first command of an opcode. */
  const hanging = (op: number, arrives: boolean) =>
    withFirstWrite((text) => text.includes(`"op":${op}`), (text, _onWritten, write) => {
      if (arrives) {
        write(text, Function.constVoid)
      }
    })

  for (const [what, arrives, times] of [["had arrived", true, 2], ["had not arrived", false, 1]] as const) {
    const all = layer()
    it.scoped(`goes out again, before those after it: ${times === 2 ? "twice" : "once"} if it ${what}`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        const senders = yield* giveAll(shard, [sounds("1"), sounds("2")])
        yield* TestClock.adjust(0)
        yield* inject(Fault.Drop())
        yield* TestClock.adjust("1 second")
        yield* Fiber.joinAll(senders)
        assert.deepStrictEqual(yield* namesReceived, [...Array<string>(times).fill("sounds 1"), "sounds 2"])
      }).pipe(
        withChance(0),
        Effect.provide(Layer.provideMerge(hanging(Opcode.RequestSoundboardSounds, arrives), all))
      ))
  }
})

describe("whatever is given and whatever happens", () => {
  interface Step {
    readonly pause: number
    readonly command: Command.Command
    readonly takeBackAfter: number | undefined
    readonly drops: boolean
  }
  const steps: FastCheck.Arbitrary<ReadonlyArray<Step>> = FastCheck.array(
    FastCheck.record({
      pause: FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(3_000)),
      kind: FastCheck.constantFrom("presence", "voice", "sounds", "sounds", "sounds"),
      guild: FastCheck.constantFrom("1", "2"),
      takeBackAfter: FastCheck.option(FastCheck.nat(5_000), { freq: 5, nil: undefined }),
      drops: FastCheck.integer({ min: 0, max: 40 }).map((n) => n === 0)
    }),
    { minLength: 100, maxLength: 400, size: "max" }
  ).map((all) =>
    all.map(({ drops, guild, kind, pause, takeBackAfter }, i) => ({
      pause,
      drops,
      takeBackAfter,
      command: kind === "presence" ? presence(`${i}`) : kind === "voice" ? voice(guild, `${i}`) : sounds(`${i}`)
    }))
  )

  /** Sends the commands. Returns the commands that the gateway received, and the result of each. */
  const play = (all: ReadonlyArray<Step>) =>
    Effect.gen(function*() {
      const shard = yield* startShard
      yield* awaitReady(shard)
      const fibers: Array<{ readonly step: Step; readonly fiber: Fiber.RuntimeFiber<void, unknown> }> = []
      for (const step of all) {
        yield* Effect.sleep(step.pause)
        const fiber = yield* Effect.fork(shard.command(step.command))
        yield* Effect.yieldNow()
        if (step.takeBackAfter !== undefined) {
          yield* Effect.fork(Effect.delay(Fiber.interrupt(fiber), step.takeBackAfter))
        }
        fibers.push({ step, fiber })
        if (step.drops) {
          yield* inject(Fault.Drop())
        }
      }
      yield* Effect.sleep("15 minutes")
      const ends = yield* Effect.forEach(fibers, ({ fiber, step }) =>
        Effect.map(Fiber.await(fiber), (exit) => ({ name: nameOf(step.command), isDone: exit._tag === "Success" })))
      return { ends, received: yield* received, violations: yield* violations }
    }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer()))

  const busiest = (times: ReadonlyArray<number>, window: number) =>
    Math.max(0, ...times.map((start) => times.filter((at) => at >= start && at < start + window).length))

  it.live(
    "no window has too many, the newest state wins, and plain commands are sent once and in order",
    () =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(steps, async (all) => {
            const clock = await Effect.runPromise(VirtualClock.make())
            const { ends, received, violations } = await Effect.runPromise(clock.run(play(all)))
            assert.deepStrictEqual(violations, [])
            const presences = received.filter(({ op }) => op === Opcode.PresenceUpdate).map(({ at }) => at)
            assert.isAtMost(busiest(presences, 20_000), 5)
            const done = ends.filter(({ isDone }) => isDone).map(({ name }) => name)
            const sent = received.map(({ name }) => name)
            // A command that is withdrawn at the moment of its write may be received.
            const isDone = (name: string) => done.includes(name)
            const isPlain = (name: string) => name.startsWith("sounds")
            const number = (name = "0") => Number(name.split(" ").at(-1))
            assert.strictEqual(new Set(sent).size, sent.length)
            assert.deepStrictEqual(sent.filter(isPlain).filter(isDone), done.filter(isPlain))
            for (const state of ["presence", "voice 1", "voice 2"]) {
              const ofState = (names: ReadonlyArray<string>) => names.filter((name) => name.startsWith(state))
              const [last, lastDone] = [ofState(sent).at(-1), ofState(done).at(-1)]
              assert.isAtLeast(number(last), number(lastDone))
              assert.isTrue(last === lastDone || last === undefined || !isDone(last))
            }
          }),
          { numRuns: 25, seed: 7, endOnFailure: true }
        )
      ),
    60_000
  )

  it.live("within the 120 of any 60 s, heartbeats and all", () =>
    Effect.gen(function*() {
      const clock = yield* VirtualClock.make()
      yield* Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* giveAll(shard, Array.from({ length: 600 }, (_, i) => i % 3 === 0 ? presence(`${i}`) : sounds(`${i}`)))
        yield* Effect.sleep("10 minutes")
        const all = (yield* entries("Received")).map(({ at }) => at)
        assert.isAtMost(busiest(all, 60_000), 120)
        // Heartbeats do not use all of their reserve in each window.
        assert.isAtLeast(busiest(all, 60_000), 118)
        assert.strictEqual((yield* timesReceived(Opcode.RequestSoundboardSounds)).length, 400)
        assert.deepStrictEqual(yield* violations, [])
        assert.isTrue(Option.isSome(yield* shard.rateLimiter))
      }).pipe(Effect.scoped, withChance(0.5), Effect.provide(layer()), clock.run)
    }))
})
