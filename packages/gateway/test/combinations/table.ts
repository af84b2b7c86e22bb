/** The tests of the table's cells, for one target. */
import { assert, describe, it } from "@effect/vitest"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Supervisor from "effect/Supervisor"
import { layer } from "../harness.js"
import { type Cell, cells, illegality, nameOf, type Target } from "./cells.js"
import * as Lives from "./lives.js"
import * as Play from "./play.js"
import { kinds } from "./readers.js"

/** Plays a cell, and looks for what it leaves behind. */
export const problemsOf = (cell: Cell): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const program = Effect.gen(function*() {
      const supervisor = yield* Supervisor.track
      const before = yield* clock.sleeping
      const problems = yield* Effect.supervised(Play.play(cell), supervisor)
      // The gateway itself sleeps before a cell, and may have ended with it.
      const sleeping = Math.max(0, (yield* clock.sleeping) - before)
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
      clock.run,
      // The config of the table is valid.
      Effect.orDie
    )
  })

/** Tests each legal cell of a target. */
export const testCells = (target: Target): void => {
  for (const kind of kinds) {
    const legal = cells.filter((cell) => cell.kind === kind && cell.target === target && illegality(cell) === undefined)
    if (legal.length > 0) {
      describe(`${kind.name} on ${target}`, () => {
        for (const cell of legal) {
          it.live(`${cell.life}, ${nameOf(cell)}`, () =>
            Effect.map(problemsOf(cell), (problems) => assert.deepStrictEqual(problems, [])))
        }
      })
    }
  }
}
