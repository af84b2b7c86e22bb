/** A state that followed random events over losses, new sessions and a resharding is that of a new session. */
import { assert, describe, it } from "@effect/vitest"
import * as Dispatch from "@vesper/model/Dispatch"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as GuildStore from "../src/GuildStore.js"
import * as GuildState from "../src/GuildState.js"
import * as Applier from "../src/internal/state/applier.js"
import { contents, dispatch, everything, followers, gateway, memory, sqlite, stores } from "./setup.js"
import * as Story from "./story.js"

/** Runs an effect with a store that is open until the scope of the test closes. */
const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>, store: Layer.Layer<GuildStore.GuildStore>) =>
  Effect.flatMap(Layer.build(store), (context) => Effect.provide(effect, context))

/** Faults of the connections in the middle of a history. */
const incidents = {
  none: Effect.void,
  drop: Effect.flatMap(GatewaySimulator.GatewaySimulator, ({ inject }) => inject(Fault.Drop())),
  invalidSession: Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ inject }) => inject(Fault.InvalidSession({ resumable: false }))
  )
}

const histories = FastCheck.sample(
  FastCheck.tuple(
    FastCheck.array(FastCheck.tuple(Story.step, FastCheck.constantFrom(...Object.keys(incidents))), {
      minLength: 20,
      maxLength: 60
    }),
    FastCheck.boolean()
  ),
  { numRuns: 5, seed: 21 }
)

// These are on virtual time, in which no server answers.
for (const store of [memory, sqlite]) {
  for (const follower of followers) {
    describe(`the state ${store.name} of ${follower.name}`, () => {
      histories.forEach(([steps, reshards], index) => {
        it.scoped(
          `is that of a new session after history ${index + 1}`,
          () => {
            const world = World.make({ seed: index + 1, guilds: 3, membersPerGuild: 6 })
            const ids = world.guilds.map(({ id }) => id)
            return Effect.gen(function*() {
              const following = yield* withStore(follower.make, store.layer)
              const tell = Story.make(world.guilds)
              for (const [at, [step, incident]] of steps.entries()) {
                yield* Effect.forEach(tell(step), ({ d, t }) => dispatch(t, d))
                if (at % 8 === 7) {
                  yield* incidents[incident as keyof typeof incidents]
                }
                if (at % 5 === 4) {
                  yield* TestClock.adjust("20 seconds")
                }
                if (reshards && at === 10) {
                  const resharding = yield* Effect.fork(following.reshard)
                  yield* Effect.forEach(tell(step), ({ d, t }) => dispatch(t, d))
                  yield* TestClock.adjust("5 minutes")
                  yield* Fiber.join(resharding)
                }
              }
              yield* TestClock.adjust("2 minutes")
              yield* Effect.forEach(world.guilds, following.settle)
              const fresh = yield* withStore(follower.make, memory.layer)
              yield* Effect.forEach(world.guilds, fresh.settle)
              assert.sameMembers([...yield* following.state.guildIds], ids)
              assert.deepStrictEqual(yield* contents(following.state, ids), yield* contents(fresh.state, ids))
            }).pipe(Effect.provide(gateway(world)))
          },
          60_000
        )
      })
    })
  }
}

/** A state with bounds, and the application of one event to it. */
const makeState = (capacity: number) =>
  Effect.gen(function*() {
    const store = yield* GuildStore.GuildStore
    const bound = { capacity, perGuild: capacity }
    const bounds = { guilds: capacity, lists: new Map(GuildStore.kinds.map((kind) => [kind, bound])) }
    const { apply } = Applier.make(store, { guilds: true, kinds: new Set(GuildStore.kinds) }, bounds, new Set())
    const { state } = yield* GuildState.make(everything)
    const run = (events: ReadonlyArray<Story.StoryEvent>) =>
      Effect.forEach(events, ({ d, t }) => apply(Dispatch.fromPayload({ op: 0, t, s: 1, d: structuredClone(d) })), {
        discard: true
      })
    return { state, store, run }
  })

/** The events of a history by guild. Those of a guild are applied in order, and the guilds at once, as shards do. */
const toGuilds = ([steps]: (typeof histories)[number], guilds: ReadonlyArray<World.Guild>) => {
  const tell = Story.make(guilds)
  const created = guilds.map((guild) => ({ t: "GUILD_CREATE", d: { ...guild }, guildId: guild.id }))
  const events = [...created, ...steps.flatMap(([step]) => tell(step))]
  return guilds.map(({ id }) => events.filter(({ guildId }) => guildId === id))
}

for (const store of stores) {
  describe.skipIf(!store.isThere)(`the state ${store.name} whose guilds change at once`, () => {
    histories.forEach((history, index) => {
      const world = World.make({ seed: index + 1, guilds: 8, membersPerGuild: 6 })
      const ids = world.guilds.map(({ id }) => id)

      it.scopedLive(`is that in memory after history ${index + 1}`, () =>
        Effect.gen(function*() {
          const expected = yield* withStore(makeState(10_000), memory.layer)
          yield* Effect.forEach(toGuilds(history, world.guilds), expected.run)
          const { run, state } = yield* withStore(makeState(10_000), store.layer)
          yield* Effect.forEach(toGuilds(history, world.guilds), run, { concurrency: "unbounded" })
          assert.deepStrictEqual(yield* contents(state, ids), yield* contents(expected.state, ids))
        }), 30_000)

      it.scopedLive(`loses no change and keeps its bounds in history ${index + 1}`, () =>
        Effect.gen(function*() {
          const { run, store: opened } = yield* withStore(makeState(12), store.layer)
          yield* Effect.forEach(toGuilds(history, world.guilds), run, { concurrency: "unbounded" })
          for (const kind of GuildStore.kinds) {
            assert.isAtMost(yield* opened.size(kind), 12)
          }
        }), 30_000)
    })
  })
}
