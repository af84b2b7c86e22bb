/** Plays cells of the table under the virtual clock. */
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Supervisor from "effect/Supervisor"
import { layer } from "../harness.js"
import * as ShiftedClock from "../shiftedClock.js"
import type { Cell } from "./cells.js"
import * as Lives from "./lives.js"
import * as Play from "./play.js"

/** The needs of the bot of a cell, but for its gateway. */
export const configOf = ({ life, mode }: Cell) => ({
  acknowledge: mode.acknowledge,
  eventBufferSize: Lives.loadOf(life).eventBufferSize
})

/** Plays a cell under the virtual clock, and reports leaked fibers and sleepers. */
export const problemsOf = (cell: Cell): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const program = Effect.gen(function*() {
      const supervisor = yield* Supervisor.track
      const before = yield* clock.sleeping
      const wall = yield* ShiftedClock.make
      const setting = yield* Play.inProcess(cell, wall.shift)
      const problems = yield* Effect.supervised(wall.provide(Play.play(cell, setting)), supervisor)
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
        config: configOf(cell),
        maxConcurrency: 8,
        simulator: { world: Play.world, latency: "3 millis", maxConcurrency: 8 }
      })),
      clock.run,
      // The config of the table is valid.
      Effect.orDie
    )
  })
