/** Bounds for CI, far above the measured figures, so that only a mistake reaches them. */
import type { Row } from "./runs/throughput.js"
import type { Results } from "./report/report.js"

/** Ratios to the floor. A fiber, a promise or a second parse for each event exceeds them. */
const toFloor: Readonly<Record<string, number>> = { "Vesper, runForEach": 4, "Vesper, 1 of 20 wanted": 2 }

/** Ratios to the row that the aim names. A second queue for each event exceeds them. */
const toCompared: Readonly<Record<string, number>> = { "Vesper, fleet.runForEach": 2, "Vesper, Events.runFleet": 2 }

const isAbove = (ratio: number, bound: number | undefined): boolean => bound !== undefined && !(ratio <= bound)

const describe = (row: Row, shards: number): ReadonlyArray<string> => {
  const name = `${row.client} with ${row.mode}, ${shards} shard${shards === 1 ? "" : "s"}`
  if (row.failure !== undefined) {
    return [`${name}: ${row.failure}`]
  }
  return [
    ...(isAbove(row.ratio, toFloor[row.client]) ? [`${name}: ${row.ratio.toFixed(2)} times the floor`] : []),
    ...(row.compared !== undefined && isAbove(row.compared.ratio, toCompared[row.client])
      ? [`${name}: ${row.compared.ratio.toFixed(2)} times ${row.compared.client}`]
      : [])
  ]
}

/** Returns a line for each row that has failed or is above its bound. */
export const failures = ({ fleets, throughput }: Pick<Results, "fleets" | "throughput">): ReadonlyArray<string> =>
  [{ shards: 1, rows: throughput }, ...fleets].flatMap(({ rows, shards }) =>
    rows.flatMap((row) => describe(row, shards))
  )
