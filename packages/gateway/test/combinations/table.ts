/** The tests of the table's cells, for one target. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cells, illegality, nameOf, type Target } from "./cells.js"
import { kinds } from "./readers.js"
import { problemsOf } from "./virtual.js"

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
