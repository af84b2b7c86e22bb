import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Session from "../../src/Session.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { inject, layer, startShard, token, withChance } from "../harness.js"

const world = World.make({ seed: 5, guilds: 1, membersPerGuild: 3 })
const guild = Option.getOrThrow(Option.fromNullable(world.guilds[0]))
const [lounge = "", stage = ""] = guild.channels.filter(({ type }) => type === 2).map(({ id }) => id)
const join = (channel_id: string | null) => ({ guild_id: guild.id, channel_id, self_mute: false, self_deaf: true })
const all = layer({ simulator: { world }, config: { events: ["MESSAGE_CREATE"] } })

const connected = Effect.tap(startShard, () => TestClock.adjust(0))

const dispatch = (t: string, d: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) =>
      Effect.zipRight(simulator.dispatch({ t, d: { guild_id: guild.id, ...d }, shard: 0 }), TestClock.adjust(0))
  )
/** The id of the simulator's bot. */
const botId = "1000000000000000001"

const ownState = (channel_id: string | null, user_id = botId) => dispatch("VOICE_STATE_UPDATE", { user_id, channel_id })
const server = (endpoint: string | null) => dispatch("VOICE_SERVER_UPDATE", { token: "t", endpoint })

describe("updateVoiceState", () => {
  it.scoped("joins, moves and leaves, and gives what a voice connection needs", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const joined = yield* shard.updateVoiceState(join(lounge))
      assert.strictEqual(joined.state.channel_id, lounge)
      assert.strictEqual(joined.state.session_id, `voice-session-${guild.id}`)
      assert.deepStrictEqual(
        Option.map(joined.server, ({ endpoint, token }) => [endpoint, token]),
        Option.some<[string | null, string]>(["voice.simulator.test:443", `voice-token-${guild.id}`])
      )
      assert.strictEqual((yield* shard.updateVoiceState(join(stage))).state.channel_id, stage)
      const left = yield* shard.updateVoiceState(join(null))
      assert.isNull(left.state.channel_id)
      assert.deepStrictEqual(left.server, Option.none())
    }).pipe(Effect.provide(all)))

  it.scoped("takes both events in any order, of itself and this channel only, and waits for an endpoint", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* inject(Fault.DenyVoice())
      const joining = yield* Effect.fork(shard.updateVoiceState(join(lounge)))
      yield* TestClock.adjust(0)
      yield* server(null)
      yield* ownState(lounge, "2")
      yield* ownState(stage)
      yield* server("there:443")
      assert.isNull(joining.unsafePoll())
      yield* ownState(lounge)
      const joined = yield* Fiber.join(joining)
      assert.strictEqual(joined.state.user_id, botId)
      assert.deepStrictEqual(Option.map(joined.server, ({ endpoint }) => endpoint), Option.some("there:443"))
    }).pipe(Effect.provide(all)))

  it.scoped("does not take what came before it was sent for an answer", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* inject(Fault.DenyVoice())
      yield* Effect.forEach(Array.from({ length: 116 }), () => shard.send("{\"op\":31,\"d\":{}}"))
      const joining = yield* Effect.fork(shard.updateVoiceState(join(lounge)))
      yield* TestClock.adjust(0)
      yield* ownState(lounge)
      yield* server("old:443")
      yield* TestClock.adjust("61 seconds")
      assert.isNull(joining.unsafePoll())
      yield* ownState(lounge)
      yield* server("new:443")
      const joined = yield* Fiber.join(joining)
      assert.deepStrictEqual(Option.map(joined.server, ({ endpoint }) => endpoint), Option.some("new:443"))
    }).pipe(withChance(0.9), Effect.provide(all)))

  it.scoped("fails after 10 seconds without an answer, which is what a missing permission looks like", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* inject(Fault.DenyVoice())
      const joining = yield* Effect.fork(Effect.flip(shard.updateVoiceState(join(lounge))))
      yield* TestClock.adjust(0)
      yield* ownState(lounge)
      yield* TestClock.adjust("9999 millis")
      assert.isNull(joining.unsafePoll())
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(joining)
      assert.deepStrictEqual([error._tag, error.reason], ["NoAnswerError", "TimedOut"])
      assert.include(error.message, "may not view or join the channel")
    }).pipe(withChance(0.9), Effect.provide(all)))

  it.scoped("that was replaced by a newer one before it was sent says so", () =>
    Effect.gen(function*() {
      const shard = yield* startShard
      const older = yield* Effect.fork(Effect.flip(shard.updateVoiceState(join(lounge))))
      yield* Effect.yieldNow()
      const newer = yield* Effect.fork(shard.updateVoiceState(join(stage)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(older)).reason, "Replaced")
      assert.strictEqual((yield* Fiber.join(newer)).state.channel_id, stage)
    }).pipe(Effect.provide(layer({ simulator: { world, latency: 50 } }))))

  const voiceUpdates = Effect.map(
    Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.received(Opcode.VoiceStateUpdate)),
    (received) => received.length
  )
  const nextSession = Effect.zipRight(
    inject(Fault.InvalidSession({ resumable: false })),
    TestClock.adjust("6 seconds")
  )

  /** A channel that the simulated gateway does not know, so that only the tests answer. */
  const unanswered = "42"

  for (const [what, channel] of [["joins", unanswered], ["leaves", null]] as const) {
    it.scoped(`that ${what} is sent again in the next session, if its own ends before the answer`, () =>
      Effect.gen(function*() {
        const shard = yield* connected
        const updating = yield* Effect.fork(shard.updateVoiceState(join(channel)))
        yield* TestClock.adjust(0)
        // Half of an answer from the ending session does not count.
        yield* server("old:443")
        yield* nextSession
        assert.strictEqual(yield* voiceUpdates, 2)
        yield* ownState(channel)
        assert.strictEqual(updating.unsafePoll() === null, channel !== null)
        yield* server("new:443")
        const updated = yield* Fiber.join(updating)
        assert.strictEqual(updated.state.channel_id, channel)
        assert.deepStrictEqual(
          Option.map(updated.server, ({ endpoint }) => endpoint),
          channel === null ? Option.none() : Option.some("new:443")
        )
      }).pipe(withChance(0.9), Effect.provide(all)))
  }

  it.scoped("that waits while the session ends is sent once", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      yield* inject(Fault.RejectResume({ host: "any", times: 1, resumable: false }))
      yield* inject(Fault.Drop())
      const joining = yield* Effect.fork(shard.updateVoiceState(join(lounge)))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(joining)).state.channel_id, lounge)
      assert.strictEqual(yield* voiceUpdates, 1)
    }).pipe(withChance(0), Effect.provide(all)))

  it.scoped("says that the session ended, if the new one does not answer either", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const joining = yield* Effect.fork(Effect.flip(shard.updateVoiceState(join(unanswered))))
      yield* TestClock.adjust(0)
      yield* nextSession
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(joining)
      assert.deepStrictEqual(error.reason, "TimedOut")
      assert.include(error.message, "the session ended during the wait")
    }).pipe(withChance(0.9), Effect.provide(all)))

  it.scoped("fails after ten sessions that ended before the answer", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const joining = yield* Effect.fork(
        Effect.flip(shard.updateVoiceState(join(unanswered), { timeout: "10 minutes" }))
      )
      yield* TestClock.adjust("2 minutes")
      yield* Effect.repeatN(
        Effect.zipRight(inject(Fault.InvalidSession({ resumable: false })), TestClock.adjust("2 minutes")),
        9
      )
      assert.strictEqual((yield* Fiber.join(joining)).reason, "SessionEnded")
      assert.strictEqual(yield* voiceUpdates, 10)
    }).pipe(withChance(0.9), Effect.provide(all)))

  it.scoped("needs the intent GuildVoiceStates", () =>
    Effect.gen(function*() {
      const shard = yield* connected
      const error = yield* Effect.flip(shard.updateVoiceState(join(lounge)))
      assert.strictEqual(error.reason, "MissingIntent")
      assert.include(error.message, "GuildVoiceStates")
    }).pipe(Effect.provide(layer({ simulator: { world }, config: { intents: Intents.of("Guilds") } }))))

  it.scoped("knows the bot in a session that an earlier process began", () =>
    Effect.gen(function*() {
      yield* connected
      const [earlier] = yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.sessions)
      const config = yield* ShardConfig.make({
        token: Redacted.make(token),
        intents: Intents.nonPrivileged,
        session: new Session.Session({ id: earlier?.id ?? "", sequence: 1 })
      })
      const shard = yield* Effect.provideService(Shard.make(ShardId.single), ShardConfig.ShardConfig, config)
      yield* shard.connect
      yield* TestClock.adjust(0)
      yield* inject(Fault.DenyVoice())
      const leaving = yield* Effect.fork(shard.updateVoiceState(join(null)))
      yield* TestClock.adjust(0)
      yield* ownState(null, "1")
      assert.isNull(leaving.unsafePoll())
      // The token of these tests belongs to user 11.
      yield* ownState(null, "11")
      yield* Fiber.join(leaving)
    }).pipe(Effect.provide(layer())))
})

it.scoped("updatePresence has defaults for all fields but the status", () =>
  Effect.gen(function*() {
    const shard = yield* connected
    yield* shard.updatePresence({ status: "idle" })
    const [sent] = yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.received(Opcode.PresenceUpdate))
    assert.deepStrictEqual(sent?.d, { since: null, activities: [], status: "idle", afk: false })
  }).pipe(Effect.provide(layer())))

it.scoped("updatePresence completes when it was written, and refuses what Discord would", () =>
  Effect.gen(function*() {
    const shard = yield* connected
    yield* shard.updatePresence({ since: null, activities: [], status: "dnd", afk: false })
    const [sent] = yield* Effect.flatMap(GatewaySimulator.GatewaySimulator, (_) => _.received(Opcode.PresenceUpdate))
    assert.deepStrictEqual(sent?.d, { since: null, activities: [], status: "dnd", afk: false })
    const error = yield* Effect.flip(
      shard.updatePresence({ since: null, activities: [{ name: "", type: 0 }], status: "dnd", afk: false })
    )
    assert.deepStrictEqual([error._tag, error.reason], ["SendError", "Serializing"])
    assert.include(error.message, "must not be empty")
  }).pipe(Effect.provide(layer())))
