/** Plays a sample of the table's cells in real time, concurrently. */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Supervisor from "effect/Supervisor"
import * as ShiftedClock from "../shiftedClock.js"
import { type Cell, cells, illegality, lives, type Target } from "./cells.js"
import * as Play from "./play.js"
import { kinds } from "./readers.js"

/**
 * One legal cell for every `step` pairs of a kind of reader and a life, each with a different target and mode than the previous one.
 * All kinds and all lives have one.
 */
export const sample = (targets: ReadonlyArray<Target>, step: number): ReadonlyArray<Cell> =>
  kinds.flatMap((kind, row) =>
    lives.flatMap((life, column) => {
      const legal = cells.filter((cell) =>
        cell.kind === kind && cell.life === life && targets.includes(cell.target) && illegality(cell) === undefined
      )
      const chosen = legal[(row * 5 + column * 3) % Math.max(1, legal.length)]
      return chosen !== undefined && (row + column) % step === 0 ? [{ ...chosen, isRealTime: true }] : []
    })
  )

const isEmpty = (fibers: ReadonlyArray<unknown>) => fibers.length === 0

/** Plays a cell in real time, and reports leaked fibers. */
export const problemsOf = <E>(
  cell: Cell,
  makeSetting: (setWall: Play.Setting["setWall"]) => Effect.Effect<Play.Setting>,
  layer: Layer.Layer<Play.Requirements, E | ConfigError.ConfigError>
): Effect.Effect<ReadonlyArray<string>, E | ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const supervisor = yield* Supervisor.track
    const wall = yield* ShiftedClock.make
    const setting = yield* makeSetting(wall.shift)
    const problems = yield* Effect.supervised(wall.provide(Play.play(cell, setting)), supervisor)
    // An interrupted fiber may need a turn of the event loop to end.
    const fibers = yield* Effect.repeat(Effect.delay(supervisor.value, 10), { until: isEmpty, times: 2_000 })
    return fibers.length === 0 ? problems : [...problems, `${fibers.length} fibers are left`]
  }).pipe(Effect.provide(layer))
