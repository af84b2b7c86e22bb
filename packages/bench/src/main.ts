/**
 * `npm run bench`: runs the benchmarks, prints their tables, and with `--save` writes results, charts, the tables of
 * docs/figures.md and the README's. `--quick` is a tenth of the work, `--only throughput,idle` some of it, `--rows fleet` some of
 * the rows. `--guard` is for CI: it takes a few seconds, and fails only if an event costs several times the CPU of its bound,
 * as a ratio to other clients of the same run.
 */
import * as Contestants from "./runs/contestants.js"
import * as Bundle from "./clients/bundle.js"
import { machine } from "./report/machine.js"
import * as Memory from "./runs/memory.js"
import * as Throughput from "./runs/throughput.js"
import * as Wire from "./server/wire.js"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Guard from "./guard.js"
import * as Options from "./options.js"
import type { Results } from "./report/report.js"
import * as Rows from "./runs/rows.js"

const options = Options.parse(process.argv.slice(2))

const root = Path.resolve(import.meta.dirname, "../../..")
const peers = Path.resolve(import.meta.dirname, "../peers")

const npm = (...args: ReadonlyArray<string>): boolean =>
  ChildProcess.spawnSync("npm", args, { cwd: peers, stdio: "inherit" }).status === 0

/** Installs the peers, which `npm install` of the workspace leaves out because few contributors need them. */
const installPeers = () => {
  if (options.hasPeers && !Fs.existsSync(Path.join(peers, "node_modules"))) {
    npm("ci", "--ignore-scripts")
  }
  // A native addon needs a compiler, so it is installed only on request.
  if (options.hasZlibSync && !Fs.existsSync(Path.join(peers, "node_modules/zlib-sync/build"))) {
    npm("install", "--no-save", "--ignore-scripts=false", "zlib-sync@0.1.10")
  }
}

// Written to the terminal instead of the log, because this is a command.
const print = (text: string) => process.stdout.write(`${text}\n`)

const replaceBetween = (text: string, name: string, replacement: string): string => {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to === -1) {
    throw new Error(`docs/figures.md has no ${start} and ${end}`)
  }
  return `${text.slice(0, from + start.length)}\n${replacement}\n${text.slice(to)}`
}

const folder = Path.join(root, "packages/bench/results")
const name = `node-${process.version.replace(/^v/, "").split(".")[0]}`

/** Writes results, and their tables between the marks of docs/figures.md. */
const saveAs = (file: string, results: unknown, mark: string, text: string) => {
  Fs.mkdirSync(folder, { recursive: true })
  Fs.writeFileSync(Path.join(folder, `${file}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
  const page = Path.join(root, "docs/figures.md")
  Fs.writeFileSync(page, replaceBetween(Fs.readFileSync(page, "utf8"), mark, text))
  ChildProcess.spawnSync("npm", ["run", "generate"], { cwd: root, stdio: "inherit" })
}

const save = async (results: Results) => {
  const Report = await import("./report/report.js")
  const charts = Path.join(root, "docs/charts")
  Fs.mkdirSync(charts, { recursive: true })
  const modes = Report.listModes(results)
  for (const mode of modes) {
    Fs.writeFileSync(Path.join(charts, `${name}-${mode}.svg`), Report.chart(results, mode))
  }
  const images = modes.map((mode) => `![CPU an event with ${mode}](charts/${name}-${mode}.svg)`)
  saveAs(name, results, `bench ${name}`, [...images, Report.markdown(results)].join("\n\n"))
}

installPeers()
// These modules read the versions of the peers when they load, so they load after the install.
const Peers = await import("./runs/peers.js")
const Lives = await import("./runs/lives.js")
const Report = await import("./report/report.js")

const { events, isGuard, isQuick, rounds } = options
const progress = (text: string) => process.stderr.write(`${text}\n`)
const shards = isQuick ? 200 : 1_000

const skipped = options.modes.filter((mode) => !Wire.isSupported(mode))
  .map((mode) => `${mode} is skipped: Node ${process.version} does not have it, Node 22.15 and newer do`)
skipped.forEach((text) => progress(text))

const hasPeers = options.hasPeers && Fs.existsSync(Path.join(peers, "node_modules"))

const inOneFile = options.parts.has("throughput") && !isGuard
  ? [{ ...await Bundle.make("Vesper, in one file", "runForEach"), modes: Wire.modes }]
  : []
const ofShard = Rows.select(
  [...(isGuard ? Contestants.vesper : Rows.shard), ...inOneFile, ...(hasPeers ? Peers.peers() : [])],
  options.isWanted
)
const ofFleet = Rows.select(Rows.fleets, options.isWanted)

/** Runs one part at a time, because each needs the whole machine. */
const part = async <A>(name: Options.Part, run: () => Promise<ReadonlyArray<A>>): Promise<ReadonlyArray<A>> => {
  if (!options.parts.has(name)) {
    return []
  }
  progress(name)
  return await run()
}

/** Measures the floor and the contestants, if there are any. */
const measure = async (
  contestants: ReadonlyArray<Contestants.Contestant>,
  size: Pick<Throughput.Size, "events" | "modes" | "shards">
) =>
  contestants.length === 0 ? [] : await Throughput.run({ rounds, floor: Peers.floor, contestants, progress, ...size })

const fleets = async () => {
  const groups: Array<Results["fleets"][number]> = []
  for (const count of options.fleets.shards) {
    progress(`${count} shards`)
    groups.push({ shards: count, rows: await measure(ofFleet, { ...options.fleets, shards: count }) })
  }
  return groups
}

const [memory] = await part("memory", async () => [{
  machine: machine(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
  events,
  rounds,
  peaks: await Memory.measurePeaks({ events, rounds, floor: Peers.floor, progress }),
  imports: Memory.measureImports(3 * rounds)
}])

if (memory !== undefined) {
  print(Report.memory(memory))
  if (options.isSaved) {
    saveAs(`memory-${name}`, memory, `memory ${name}`, Report.memory(memory))
  }
}
if (options.parts.size === 1 && memory !== undefined) {
  process.exit(0)
}

const results: Results = {
  machine: machine(),
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
  floor: `a bare ws with ${Peers.hasZlibSync ? "zlib-sync" : "node:zlib's own handle"} and JSON.parse`,
  events,
  rounds,
  throughput: await part("throughput", () => measure(ofShard, { events, modes: options.modes })),
  fleets: await part("fleets", fleets),
  startup: await part("startup", () => Lives.startup(isQuick ? 3 : 9)),
  idle: await part("idle", () => Lives.idle(shards, isQuick ? 5_000 : 4 * 41_250, isQuick ? 10 : 1)),
  reconnect: await part("reconnect", async () => [
    await Lives.reconnect(1, 5),
    await Lives.reconnect(isQuick ? 100 : 500, 5)
  ]),
  backlog: await part("backlog", async () => [await Lives.backlog(isQuick ? 5_000 : 20_000, 200)])
}

print(Report.markdown(results))
if (skipped.length > 0) {
  print(`\n${skipped.join("\n")}`)
}
if (options.isSaved) {
  await save(results)
}

const failures = isGuard ? Guard.failures(results) : []
failures.forEach((text) => print(text))
process.exit(failures.length > 0 ? 1 : 0)
