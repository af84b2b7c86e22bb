import { assert, describe, it } from "@effect/vitest"
import type { Measured } from "../src/runs/protocol.js"
import * as Tables from "../src/report/tables.js"
import * as Throughput from "../src/runs/throughput.js"

const took = (cpu: number): Measured => ({ cpu, wall: 500, received: 1_000, disorder: 0, peak: 50_000_000 })
const failed = (failure: string): Throughput.Outcome => ({ failure })

const makeRow = (outcomes: ReadonlyArray<Throughput.Outcome>, floors: ReadonlyArray<Throughput.Outcome>) =>
  Throughput.summarise("a client", "json", 1_000, outcomes, floors)

describe("the rows of the throughput", () => {
  it("are medians of the rounds, each beside the floor of its own round", () => {
    const row = makeRow([took(10_000), took(30_000), took(12_000)], [took(10_000), took(15_000), took(8_000)])
    assert.deepStrictEqual(row, {
      client: "a client",
      mode: "json",
      rounds: 3,
      survived: 3,
      cpu: 12,
      ratio: 1.5,
      ratios: [1, 2],
      eventsPerSecond: 2_000,
      peak: 50_000_000
    })
  })

  it("leave out the rounds that a client did not come through, and say why", () => {
    const row = makeRow([failed("lost one"), took(30_000), failed("was slow")], [took(1), took(10_000), took(1)])
    assert.deepInclude(row, { rounds: 3, survived: 1, cpu: 30, ratio: 3, failure: "was slow" })
    assert.deepStrictEqual(row.ratios, [3, 3])
  })

  it("compare no round in which the floor itself failed", () => {
    const row = makeRow([took(10_000), took(20_000)], [failed("gone"), took(10_000)])
    assert.deepInclude(row, { survived: 2, cpu: 15, ratio: 2 })
  })

  it("are compared, round by round, with the row that their aim names", () => {
    const rounds = [took(12_000), failed("gone"), took(30_000)]
    const others = [took(10_000), took(10_000), took(20_000)]
    const { compared } = Throughput.summarise("a client", "json", 1_000, rounds, others, {
      of: "another",
      aim: 1.25,
      outcomes: others
    })
    assert.deepStrictEqual(compared, { client: "another", aim: 1.25, ratio: 1.35, ratios: [1.2, 1.5] })
  })

  it("show the aim that they miss, in columns that only compared rows have", () => {
    const floors = [took(10_000)]
    const aim = { of: "another", aim: 1.25, outcomes: [took(5_000)] }
    const rows = [
      makeRow(floors, floors),
      Throughput.summarise("missing", "json", 1_000, [took(10_000)], floors, aim),
      Throughput.summarise("meeting", "json", 1_000, [took(6_000)], floors, aim),
      Throughput.summarise("compared with the floor", "json", 1_000, [took(6_000)], floors, {
        of: "the floor",
        aim: 1.15,
        outcomes: floors
      })
    ]
    assert.deepStrictEqual(
      Tables.throughput(rows, "json").split("\n").map((line) => line.split("|").slice(7, 9).map((cell) => cell.trim()))
        .filter((_, line) => line !== 1),
      [
        ["compared", "aim"],
        ["", ""],
        ["2.00 (2.00-2.00) of another", "1.25 missed"],
        ["1.20 (1.20-1.20) of another", "1.25"],
        ["as to the floor", "1.15"]
      ]
    )
    assert.notInclude(Tables.throughput(rows.slice(0, 1), "json"), "compared")
  })

  it("have no figures where no round was come through", () => {
    const row = makeRow([failed("gone"), failed("gone")], [took(1), took(1)])
    assert.deepInclude(row, { rounds: 2, survived: 0, failure: "gone", cpu: Number.NaN })
  })

  it("say of how many rounds they are, where it is not all of them", () => {
    const floors = [took(10_000), took(10_000)]
    const table = Tables.throughput([
      makeRow([took(10_000), took(10_000)], floors),
      makeRow([failed("gone"), took(20_000)], floors),
      makeRow([failed("gone"), failed("gone")], floors)
    ], "json")
    assert.deepStrictEqual(table.split("\n").slice(2).map((line) => line.split("|").map((cell) => cell.trim())), [
      ["", "a client", "10.00 us", "1.00", "1.00-1.00", "2000", "50 MB", ""],
      ["", "a client (1 of 2 rounds)", "20.00 us", "2.00", "2.00-2.00", "2000", "50 MB", ""],
      ["", "a client", "failed", "-", "-", "-", "-", ""]
    ])
  })
})

describe("a client that fails", () => {
  const cases: ReadonlyArray<readonly [name: string, outcomes: ReadonlyArray<Throughput.Outcome>, isLost: boolean]> = [
    ["has another try", [took(1), failed("gone")], false],
    ["has another try at once", [failed("gone")], false],
    ["is run on if it came through between two failures", [failed("gone"), took(1), failed("gone")], false],
    ["is left out after two rounds in succession", [took(1), failed("gone"), failed("gone")], true]
  ]
  for (const [name, outcomes, isLost] of cases) {
    it(name, () => assert.strictEqual(Throughput.isLost(outcomes), isLost))
  }
})
