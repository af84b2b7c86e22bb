import { assert, describe, it } from "@effect/vitest"
import * as Options from "../src/options.js"
import * as Rows from "../src/runs/rows.js"

const listNames = (all: typeof Rows.shard, ...args: ReadonlyArray<string>) =>
  Rows.select(all, Options.parse(args).isWanted).map(({ name }) => name.replace(/^Vesper, /, ""))

describe("the rows of the firehose", () => {
  const cases: ReadonlyArray<readonly [title: string, args: ReadonlyArray<string>, names: ReadonlyArray<string>]> = [
    ["bring the row that they are compared with", ["--rows", "fleet.run"], ["runForEach", "fleet.runForEach"]],
    ["bring no floor, because every run has it", ["--rows", "handlers"], ["handlers"]],
    [
      "are in the order of the table, whatever the order of the words",
      ["--rows", "two,1 of 20"],
      ["the floor, sequence only", "1 of 20 wanted", "one subscriber", "two subscribers"]
    ],
    ["are found whatever the case of the words", ["--rows", "EVENTS.RUN"], ["runForEach", "Events.runFleet"]],
    [
      "of the pipeline are those with an aim, and those that they are compared with",
      ["--only", "pipeline"],
      [
        "the floor, sequence only",
        "runForEach",
        "handlers",
        "events",
        "events in chunks",
        "1 of 20 wanted",
        "fleet.runForEach",
        "Events.runFleet",
        "one subscriber",
        "two subscribers"
      ]
    ]
  ]
  for (const [title, args, names] of cases) {
    it(title, () => assert.deepStrictEqual(listNames(Rows.shard, ...args), names))
  }

  it("of fleets are as many shards, and the fleets", () => {
    assert.deepStrictEqual(listNames(Rows.fleets, "--only", "pipeline"), [
      "runForEach",
      "fleet.runForEach",
      "Events.runFleet"
    ])
  })

  it("have no aim beside a row that no table has", () => {
    const names = new Set(["the floor", ...Rows.shard.map(({ name }) => name)])
    assert.deepStrictEqual(Rows.shard.filter(({ aim }) => aim !== undefined && !names.has(aim.of)), [])
  })
})
