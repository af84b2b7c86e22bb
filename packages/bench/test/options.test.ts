import { assert, describe, it } from "@effect/vitest"
import * as Options from "../src/options.js"

describe("the options of the benchmark", () => {
  it("choose the size of a run", () => {
    const args = ["--events", "60000", "--rounds", "3", "--modes", "zlib-stream,json", "--shards", "1,16,250"]
    assert.deepInclude(Options.parse(args), {
      events: 60_000,
      rounds: 3,
      modes: ["zlib-stream", "json"],
      fleets: { shards: [1, 16, 250], events: 60_000, modes: ["zlib-stream", "json"] }
    })
  })

  it("run every part without any", () => {
    assert.deepStrictEqual(Array.from(Options.parse([]).parts), [
      "throughput",
      "fleets",
      "idle",
      "reconnect",
      "startup",
      "backlog",
      "memory"
    ])
  })

  it("run the pipeline's parts without peers", () => {
    const { hasPeers, parts } = Options.parse(["--only", "pipeline"])
    assert.deepStrictEqual([hasPeers, Array.from(parts)], [false, ["throughput", "fleets"]])
  })

  it("let the guard measure fleets with one compression", () => {
    assert.deepInclude(Options.parse(["--guard"]), {
      events: 20_000,
      rounds: 1,
      fleets: { shards: [16], events: 60_000, modes: ["json"] }
    })
  })

  const refused: ReadonlyArray<readonly [args: ReadonlyArray<string>, message: RegExp]> = [
    [["--only", "througput"], /--only: "througput" is not one of throughput, fleets, /],
    [["--modes", "gzip"], /--modes: "gzip" is not one of json, /],
    [["--events", "many"], /--events: "many" is not a positive integer/],
    [["--rounds", "0"], /--rounds: "0" is not a positive integer/],
    [["--shards", "1,-2"], /--shards: "-2" is not a positive integer/],
    [["--save", "--rows", "fleet"], /--save replaces whole tables/],
    [["--save", "--only", "pipeline"], /--save replaces whole tables/]
  ]
  for (const [args, message] of refused) {
    it(`refuse ${args.join(" ")}`, () => assert.throws(() => Options.parse(args), message))
  }
})
