import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as ConfigFile from "../../src/config/configFile.js"

const known: ConfigFile.Known = new Map<string, ReadonlyArray<string> | ConfigFile.Known>([
  ["run", ["shards", "json", "fault"]],
  ["simulate", ["port"]],
  ["cluster", new Map([["run", ["shards", "port"]], ["status", ["watch"]]])]
])

const applied: ReadonlyArray<readonly [file: unknown, args: ReadonlyArray<string>, result: ReadonlyArray<string>]> = [
  [{ run: { shards: 4, json: true } }, ["run"], ["run", "--shards", "4", "--json"]],
  [{ run: { shards: 4 } }, ["run", "--shards", "2"], ["run", "--shards", "2"]],
  [{ run: { shards: 4 } }, ["run", "--shards=2"], ["run", "--shards=2"]],
  [{ run: { json: false } }, ["run"], ["run"]],
  [{ run: { fault: ["a", "b"] } }, ["run", "x"], ["run", "--fault", "a", "--fault", "b", "x"]],
  [{ simulate: { port: 1 } }, ["run"], ["run"]],
  [{ cluster: { run: { port: 1 } } }, ["cluster", "run", "--shards", "2"], [
    "cluster",
    "run",
    "--port",
    "1",
    "--shards",
    "2"
  ]],
  [{ cluster: { run: { port: 1 } } }, ["cluster", "run", "--port", "2"], ["cluster", "run", "--port", "2"]],
  [{ cluster: { run: { port: 1 } } }, ["cluster", "status"], ["cluster", "status"]],
  [{ cluster: { run: { port: 1 } } }, ["cluster"], ["cluster"]],
  [{ cluster: { run: { port: 1 } } }, ["run"], ["run"]]
]

const wrong: ReadonlyArray<readonly [text: string, problem: RegExp]> = [
  ["{", /JSON/],
  [`{"run": {"shrads": 3}}`, /^run\.shrads: there is no such option; did you mean shards\?/],
  [`{"simulat": {}}`, /^"simulat" is not a command; did you mean simulate\?/],
  [`{"run": {"shards": {}}}`, /^run\.shards: an option is a string, a number/],
  [`{"run": 3}`, /^run: it must be an object of options/],
  [`{"cluster": {"port": 3}}`, /^cluster\.port: vesper cluster has no options, but subcommands: run, status/],
  [`{"cluster": {"rnu": {}}}`, /^cluster\.rnu: .*run, status/],
  [`{"cluster": {"run": {"prot": 1}}}`, /^cluster\.run\.prot: there is no such option; did you mean port\?/]
]

describe("a config file", () => {
  for (const [file, args, result] of applied) {
    it(`of ${JSON.stringify(file)} makes ${args.join(" ")} into ${result.join(" ")}`, () => {
      const parsed = Either.getOrThrow(ConfigFile.parse(JSON.stringify(file), known))
      assert.deepStrictEqual(ConfigFile.apply(parsed, args), result)
    })
  }

  for (const [text, problem] of wrong) {
    it(`is refused with the place of what is wrong: ${text}`, () =>
      assert.match(Either.getOrThrow(Either.flip(ConfigFile.parse(text, known))), problem))
  }

  it("is refused if it is nested too deeply", () => {
    const text = `{"run":${"[".repeat(100_000)}`
    assert.match(Either.getOrThrow(Either.flip(ConfigFile.parse(text, known))), /nested too deeply/)
  })
})
