import type { Row } from "../src/runs/throughput.js"
import { assert, describe, it } from "@effect/vitest"
import * as Guard from "../src/guard.js"

const row = (client: string, ratio: number, more: Partial<Row> = {}): Row => ({
  client,
  mode: "json",
  rounds: 1,
  survived: 1,
  cpu: 10,
  ratio,
  ratios: [ratio, ratio],
  eventsPerSecond: 100_000,
  peak: 100_000_000,
  ...more
})

const fleetRow = (ratio: number): Row =>
  row("Vesper, fleet.runForEach", 1, {
    compared: { client: "Vesper, runForEach", aim: 1.1, ratio, ratios: [ratio, ratio] }
  })

const findFailures = (throughput: ReadonlyArray<Row>, fleet: ReadonlyArray<Row>) =>
  Guard.failures({ throughput, fleets: [{ shards: 16, rows: fleet }] })

describe("the guard", () => {
  it("lets rows pass that are below their bounds, and rows that have none", () => {
    assert.deepStrictEqual(
      findFailures([row("Vesper, runForEach", 1.5), row("Vesper, nextEvent", 9)], [fleetRow(1.3)]),
      []
    )
  })

  it("fails where a shard's event costs several times the floor's", () => {
    assert.deepStrictEqual(findFailures([row("Vesper, runForEach", 4.5)], []), [
      "Vesper, runForEach with json, 1 shard: 4.50 times the floor"
    ])
  })

  it("fails where a fleet's event costs several times a shard's", () => {
    assert.deepStrictEqual(findFailures([], [fleetRow(2.6)]), [
      "Vesper, fleet.runForEach with json, 16 shards: 2.60 times Vesper, runForEach"
    ])
  })

  it("fails where a client did not receive its events", () => {
    assert.deepStrictEqual(findFailures([row("the floor", Number.NaN, { failure: "it has ended" })], []), [
      "the floor with json, 1 shard: it has ended"
    ])
  })

  it("fails where the row to compare with has no figures", () => {
    assert.strictEqual(findFailures([], [fleetRow(Number.NaN)]).length, 1)
  })
})
