/** The tests of cells that are played in real time. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Cell, nameOf } from "./cells.js"

/** Tests cells, of which `concurrency` are played at the same time. */
export const testLive = (
  name: string,
  chosen: ReadonlyArray<Cell>,
  play: (cell: Cell) => Effect.Effect<ReadonlyArray<string>, unknown>,
  limit: Duration.DurationInput,
  concurrency: number
): void => {
  describe(name, () => {
    const found = new Map<Cell, ReadonlyArray<string>>()
    beforeAll(
      () =>
        Effect.runPromise(Effect.forEach(
          chosen,
          (cell) =>
            Effect.map(
              Effect.timeoutTo(play(cell), {
                duration: limit,
                onSuccess: (problems) => problems,
                onTimeout: () => ["it does not end"]
              }),
              (problems) => found.set(cell, problems)
            ),
          { concurrency, discard: true }
        )),
      Duration.toMillis(limit) * (Math.ceil(chosen.length / concurrency) + 1)
    )

    for (const cell of chosen) {
      it(`${cell.kind.name} on ${cell.target}: ${cell.life}, ${nameOf(cell)}`, () => {
        assert.deepStrictEqual(found.get(cell), [])
      })
    }
  })
}
