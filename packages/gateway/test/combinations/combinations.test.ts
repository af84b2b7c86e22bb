/**
 * The table of combinations: every kind of reader in every mode, on a shard, a fleet and a fleet that is resharded, in every life. In
 * each cell, events that are numbered are followed from the gateway to the readers and into the session.
 */
import { assert, describe, it } from "@effect/vitest"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Supervisor from "effect/Supervisor"
import { layer } from "../harness.js"
import { type Cell, cells, illegality, lives, nameOf, targets } from "./cells.js"
import * as Lives from "./lives.js"
import * as Play from "./play.js"
import { kinds } from "./readers.js"

/** Plays a cell, and looks for what it leaves behind. */
const problemsOf = (cell: Cell) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const program = Effect.gen(function*() {
      const supervisor = yield* Supervisor.track
      const sleepingBefore = yield* clock.sleeping
      const problems = yield* Effect.supervised(Play.play(cell), supervisor)
      const sleeping = (yield* clock.sleeping) - sleepingBefore
      const fibers = (yield* supervisor.value).length
      return [
        ...problems,
        ...sleeping === 0 ? [] : [`${sleeping} sleepers are left`],
        ...fibers === 0 ? [] : [`${fibers} fibers are left`]
      ]
    })
    return yield* program.pipe(
      Effect.withRandom(Random.make("combinations")),
      Effect.provide(layer({
        config: {
          acknowledge: cell.mode.acknowledge,
          eventBufferSize: Lives.loadOf(cell.life).eventBufferSize
        },
        maxConcurrency: 8,
        simulator: { world: Play.world, latency: "3 millis", maxConcurrency: 8 }
      })),
      clock.run
    )
  })

const isChosen = (name: string | undefined, value: string) => name === undefined || value === name
const { KIND, TARGET, LIFE } = process.env

for (const target of targets) {
  for (const kind of kinds) {
    describe(`${kind.name} on ${target}`, () => {
      for (const life of lives) {
        const legal = cells.filter((cell) =>
          cell.kind === kind && cell.target === target && cell.life === life && illegality(cell) === undefined
        )
        for (const cell of legal) {
          if (isChosen(KIND, kind.name) && isChosen(TARGET, target) && isChosen(LIFE, life)) {
          it.live(`${life}, ${nameOf(cell)}`, () =>
            Effect.map(problemsOf(cell), (problems) => assert.deepStrictEqual(problems, [])))
          }
        }
      }
    })
  }
}
