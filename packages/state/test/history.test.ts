/** A state that followed random events over losses, new sessions and a resharding is that of a new session. */
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type * as GuildStore from "../src/GuildStore.js"
import { contents, dispatch, followers, gateway, stores } from "./setup.js"
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

for (const store of stores) {
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
              const fresh = yield* withStore(follower.make, stores[0].layer)
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
