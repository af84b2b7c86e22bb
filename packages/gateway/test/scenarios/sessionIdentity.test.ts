import { assert, describe, it } from "@effect/vitest"
import type * as Command from "@vesper/model/Command"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type * as Diagnostic from "../../src/Diagnostic.js"
import * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { inject, layer, timesReceived, token } from "../harness.js"

const intents = Intents.of("Guilds", "GuildMessages")

const presence = (name: string): Command.Presence => ({
  since: null,
  activities: [{ name, type: 0 }],
  status: "dnd",
  afk: false
})

interface Process {
  readonly options?: Partial<ShardConfig.Options>
  /** Runs when the shard has a session. */
  readonly run?: (
    shard: Shard.Shard
  ) => Effect.Effect<unknown, unknown, GatewaySimulator.GatewaySimulator>
}

/** Runs a process to its end. Returns its diagnostics, and the session that it leaves. */
const start = ({ options, run }: Process) =>
  Effect.gen(function*() {
    const shard = yield* Shard.make(ShardId.single)
    const diagnostics: Array<Diagnostic.Diagnostic> = []
    yield* Effect.forkScoped(Stream.runForEach(shard.diagnostics, (diagnostic) =>
      Effect.sync(() => {
        diagnostics.push(diagnostic)
      })))
    yield* TestClock.adjust(0)
    yield* Effect.forkScoped(shard.runForEach(() => Effect.void))
    yield* TestClock.adjust("10 seconds")
    if (run !== undefined) {
      yield* Effect.forkScoped(run(shard))
      yield* TestClock.adjust("10 seconds")
    }
    return { diagnostics, session: yield* shard.session }
  }).pipe(
    Effect.scoped,
    Effect.provide(ShardConfig.layer({ token: Redacted.make(token), intents, ...options }))
  )

/** Returns the beginnings of the sessions of the last process, and the names of the presences that it sent by command. */
const counts = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const [identifies, resumes, presences] = yield* Effect.all([
    timesReceived(Opcode.Identify),
    timesReceived(Opcode.Resume),
    simulator.received(Opcode.PresenceUpdate)
  ])
  return { identifies: identifies.length, resumes: resumes.length, presences: presences.length }
})

const tags = (diagnostics: ReadonlyArray<Diagnostic.Diagnostic>) =>
  diagnostics.map(({ _tag }) => _tag).filter((tag) => tag.startsWith("Session"))

const withStore = Layer.merge(layer(), SessionStore.layerMemory)

describe("the session of an earlier process", () => {
  it.scoped("is refused with a diagnostic where another intent is needed", () =>
    Effect.gen(function*() {
      yield* start({})
      const { diagnostics } = yield* start({ options: { intents: Intents.nonPrivileged } })
      assert.deepInclude(yield* counts, { identifies: 2, resumes: 0 })
      assert.deepStrictEqual(tags(diagnostics), ["SessionRefused"])
    }).pipe(Effect.provide(withStore)))

  const resumptions: ReadonlyArray<readonly [what: string, second: Process, diagnostics: ReadonlyArray<string>]> = [
    ["nothing has changed", {}, []],
    ["an intent is needed no more", { options: { intents: Intents.of("Guilds") } }, ["SessionDiffers"]],
    ["the large threshold is another", { options: { largeThreshold: 51 } }, ["SessionDiffers"]],
    ["the presence is another", { options: { presence: presence("chess") } }, []]
  ]
  for (const [what, second, expected] of resumptions) {
    it.scoped(`is resumed where ${what}`, () =>
      Effect.gen(function*() {
        yield* start({})
        const { diagnostics } = yield* start(second)
        assert.deepInclude(yield* counts, { identifies: 1, resumes: 1 })
        assert.deepStrictEqual(tags(diagnostics), expected)
      }).pipe(Effect.provide(withStore)))
  }

  const elsewhere: ReadonlyArray<readonly [what: string, identity: Partial<Session.Identity>]> = [
    ["another bot", { bot: "12" }],
    ["another shard", { shard: 1, total: 2 }],
    ["another version", { apiVersion: 9 }],
    ["fewer intents", { intents: Intents.of("Guilds") }]
  ]
  for (const [what, identity] of elsewhere) {
    it.scoped(`in the config is refused if it is that of ${what}`, () =>
      Effect.gen(function*() {
        const { session } = yield* start({})
        const own = Option.getOrThrow(session)
        const other = new Session.Session({
          ...own,
          identity: new Session.Identity({ ...Option.getOrThrow(Option.fromNullable(own.identity)), ...identity })
        })
        const { diagnostics } = yield* start({ options: { session: other } })
        assert.deepInclude(yield* counts, { identifies: 2, resumes: 0 })
        assert.deepStrictEqual(tags(diagnostics), ["SessionRefused"])
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("in the config is resumed if it is this shard's", () =>
    Effect.gen(function*() {
      const { session } = yield* start({})
      const { diagnostics } = yield* start({ options: { session: Option.getOrUndefined(session) } })
      assert.deepInclude(yield* counts, { identifies: 1, resumes: 1 })
      assert.deepStrictEqual(tags(diagnostics), [])
    }).pipe(Effect.provide(layer())))

  it.scoped("that was stored without an identity is resumed", () =>
    Effect.gen(function*() {
      const { session } = yield* start({})
      const { id, resumeUrl, sequence } = Option.getOrThrow(session)
      const old = new Session.Session({ id, sequence, ...(resumeUrl !== undefined && { resumeUrl }) })
      yield* start({ options: { session: old } })
      assert.deepInclude(yield* counts, { identifies: 1, resumes: 1 })
    }).pipe(Effect.provide(layer())))

  it.scoped("that was stored without an identity gets the config's presence once, and not after each resume", () =>
    Effect.gen(function*() {
      const { session } = yield* start({})
      const { id, sequence } = Option.getOrThrow(session)
      yield* start({
        options: { session: new Session.Session({ id, sequence }), presence: presence("chess") },
        run: () => Effect.zipRight(inject(Fault.Drop()), Effect.sleep("5 seconds"))
      })
      assert.deepStrictEqual(yield* counts, { identifies: 1, resumes: 2, presences: 1 })
    }).pipe(Effect.provide(layer())))

  it.scoped("still has the intents of its identify after it was resumed with fewer", () =>
    Effect.gen(function*() {
      yield* start({})
      const { session } = yield* start({ options: { intents: Intents.of("Guilds") } })
      assert.strictEqual(Option.getOrThrow(session).identity?.intents, intents)
      yield* start({})
      assert.deepInclude(yield* counts, { identifies: 1, resumes: 2 })
    }).pipe(Effect.provide(withStore)))

  it.scoped("that was refused stays in the store until there is a new one", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      yield* start({})
      const before = yield* store.load({ bot: "11", shard: ShardId.single })
      yield* start({ options: { token: Redacted.make("MTE.another.token"), apiVersion: 11 } })
      assert.deepStrictEqual(yield* store.load({ bot: "11", shard: ShardId.single }), before)
      yield* start({})
      assert.deepInclude(yield* counts, { resumes: 1 })
    }).pipe(Effect.provide(withStore)))
})

describe("the presence of a resumed session", () => {
  const cases: ReadonlyArray<readonly [what: string, first: Process, second: Process, presences: number]> = [
    ["is sent if the config has one and the session none", {}, { options: { presence: presence("chess") } }, 1],
    [
      "is sent if the config's differs",
      { options: { presence: presence("go") } },
      { options: { presence: presence("chess") } },
      1
    ],
    [
      "is not sent if the config's is the same",
      { options: { presence: presence("chess") } },
      { options: { presence: presence("chess") } },
      0
    ],
    ["is kept if the config has none", { options: { presence: presence("chess") } }, {}, 0],
    [
      "is not sent if a command has set the same",
      { run: (shard) => shard.updatePresence(presence("chess")) },
      { options: { presence: presence("chess") } },
      1
    ]
  ]
  for (const [what, first, second, presences] of cases) {
    it.scoped(what, () =>
      Effect.gen(function*() {
        yield* start(first)
        yield* start(second)
        assert.deepStrictEqual(yield* counts, { identifies: 1, resumes: 1, presences })
      }).pipe(Effect.provide(withStore)))
  }

  it.scoped("is that of a command that was given before, and not the config's", () =>
    Effect.gen(function*() {
      yield* start({})
      yield* Effect.gen(function*() {
        const shard = yield* Shard.make(ShardId.single)
        yield* Effect.forkScoped(shard.updatePresence(presence("newer")))
        yield* Effect.yieldNow()
        yield* Effect.forkScoped(shard.runForEach(() => Effect.void))
        yield* TestClock.adjust("10 seconds")
      }).pipe(
        Effect.scoped,
        Effect.provide(ShardConfig.layer({ token: Redacted.make(token), intents, presence: presence("config") }))
      )
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const sent = (yield* simulator.received(Opcode.PresenceUpdate)).map(({ d }) => d)
      assert.deepStrictEqual(sent, [presence("newer")])
    }).pipe(Effect.provide(withStore)))
})
