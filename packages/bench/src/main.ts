/**
 * `npm run bench`: runs the benchmarks, prints their tables, and with `--save` writes results, charts and the README's
 * part between its markers. `--quick` is a tenth of the work, `--only throughput,idle` some of it. `--guard` is for CI: a
 * few seconds, and it fails only if an event costs several times what it should, as CPU beside the floor of the same run.
 */
import * as Contestants from "@vesper/cli/bench/contestants"
import { machine } from "@vesper/cli/bench/machine"
import * as Throughput from "@vesper/cli/bench/throughput"
import * as Wire from "@vesper/cli/bench/wire"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Util from "node:util"
import type { Results } from "./report.js"

const { values: options } = Util.parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    "zlib-sync": { type: "boolean", default: false },
    "no-peers": { type: "boolean", default: false },
    guard: { type: "boolean", default: false },
    events: { type: "string" },
    rounds: { type: "string" },
    only: { type: "string", default: "throughput,idle,reconnect,startup,backlog" },
    modes: { type: "string", default: Wire.modes.join(",") }
  }
})

const root = Path.resolve(import.meta.dirname, "../../..")
const peers = Path.resolve(import.meta.dirname, "../peers")

const npm = (...args: ReadonlyArray<string>): boolean =>
  ChildProcess.spawnSync("npm", args, { cwd: peers, stdio: "inherit" }).status === 0

/** The peers are no part of the workspace's install: most who work on Vesper never need them. */
const installPeers = () => {
  if (!options["no-peers"] && !options.guard && !Fs.existsSync(Path.join(peers, "node_modules"))) {
    npm("ci", "--ignore-scripts")
  }
  // A native addon: it needs a compiler, and so it is asked for.
  if (options["zlib-sync"] && !Fs.existsSync(Path.join(peers, "node_modules/zlib-sync/build"))) {
    npm("install", "--no-save", "--ignore-scripts=false", "zlib-sync@0.1.10")
  }
}

// The terminal's, not the log's: this is a command.
const print = (text: string) => process.stdout.write(`${text}\n`)

const replaceBetween = (text: string, name: string, replacement: string): string => {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to === -1) {
    throw new Error(`README.md has no ${start} and ${end}`)
  }
  return `${text.slice(0, from + start.length)}\n${replacement}\n${text.slice(to)}`
}

const save = async (results: Results) => {
  const Report = await import("./report.js")
  const folder = Path.join(root, "packages/bench/results")
  const charts = Path.join(root, "docs/charts")
  Fs.mkdirSync(folder, { recursive: true })
  Fs.mkdirSync(charts, { recursive: true })
  const name = `node-${results.node.replace(/^v/, "").split(".")[0]}`
  Fs.writeFileSync(Path.join(folder, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
  const modes = Report.modesOf(results)
  for (const mode of modes) {
    Fs.writeFileSync(Path.join(charts, `${name}-${mode}.svg`), Report.chart(results, mode))
  }
  const images = modes.map((mode) => `![CPU an event with ${mode}](docs/charts/${name}-${mode}.svg)`)
  const readme = Path.join(root, "README.md")
  const text = Fs.readFileSync(readme, "utf8")
  Fs.writeFileSync(readme, replaceBetween(text, `bench ${name}`, [...images, Report.markdown(results)].join("\n\n")))
}

installPeers()
// The peers' versions are read as these modules load, so they load after the install.
const Clients = await import("./clients.js")
const Lives = await import("./lives.js")
const Report = await import("./report.js")

const events = Number(options.events ?? (options.quick || options.guard ? 20_000 : 150_000))
const rounds = Number(options.rounds ?? (options.guard ? 1 : options.quick ? 3 : 5))
const parts = new Set(options.guard ? ["throughput"] : options.only.split(","))
const progress = (text: string) => process.stderr.write(`${text}\n`)
const shards = options.quick ? 200 : 1_000

const hasPeers = !options["no-peers"] && !options.guard && Fs.existsSync(Path.join(peers, "node_modules"))
const contestants = [...Contestants.vesper, ...(hasPeers ? Clients.peers() : [])]

/** One part at a time, for each wants the machine for itself. */
const part = async <A>(name: string, run: () => Promise<ReadonlyArray<A>>): Promise<ReadonlyArray<A>> => {
  if (!parts.has(name)) {
    return []
  }
  progress(name)
  return await run()
}

const results: Results = {
  machine: machine(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
  floor: `a bare ws with ${Clients.hasZlibSync ? "zlib-sync" : "node:zlib's own handle"} and JSON.parse`,
  events,
  rounds,
  throughput: await part("throughput", () =>
    Throughput.run({
      events,
      rounds,
      floor: Clients.floor,
      contestants,
      progress,
      modes: Wire.modes.filter((mode) => options.modes.split(",").includes(mode))
    })),
  startup: await part("startup", () => Lives.startup(options.quick ? 3 : 9)),
  idle: await part("idle", () => Lives.idle(shards, options.quick ? 5_000 : 4 * 41_250, options.quick ? 10 : 1)),
  reconnect: await part("reconnect", async () => [
    await Lives.reconnect(1, 5),
    await Lives.reconnect(options.quick ? 100 : 500, 5)
  ]),
  backlog: await part("backlog", async () => [await Lives.backlog(options.quick ? 5_000 : 20_000, 200)])
}

print(Report.markdown(results))
if (options.save) {
  await save(results)
}

/** Far above what is measured, so that only a mistake reaches them: a fiber or a promise an event, a parse too many. */
const bounds: Readonly<Record<string, number>> = { "Vesper, runForEach": 4, "Vesper, 1 of 20 wanted": 2 }

const failures = results.throughput.filter(({ client, failure, ratio }) =>
  failure !== undefined || ratio > (bounds[client] ?? Number.POSITIVE_INFINITY)
)
if (options.guard) {
  for (const { client, failure, mode, ratio } of failures) {
    print(`${client} with ${mode}: ${failure ?? `${ratio.toFixed(2)} times the floor`}`)
  }
}
process.exit(options.guard && failures.length > 0 ? 1 : 0)
