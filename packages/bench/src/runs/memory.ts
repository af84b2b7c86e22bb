/** The memory of a bot with one shard under the firehose, as installed and in one file, and the CPU of its imports. */
import * as Bundle from "../clients/bundle.js"
import { median } from "../report/statistics.js"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"
import { vesperClient } from "./contestants.js"
import { program } from "./processes.js"
import * as Throughput from "./throughput.js"

export interface PeakMemory {
  readonly client: string
  /** In bytes. */
  readonly peak: number
  /** The row with which it is compared. */
  readonly of: string
  readonly ratio: number
}

export interface ImportCpu {
  readonly module: string
  /** Milliseconds of CPU beyond those of an empty program. */
  readonly cpu: number
  /** The ratio to `import "effect"`. */
  readonly ratio: number
}

export interface Memory {
  readonly machine: string
  readonly node: string
  readonly date: string
  readonly events: number
  readonly rounds: number
  readonly peaks: ReadonlyArray<PeakMemory>
  readonly imports: ReadonlyArray<ImportCpu>
}

const floor = "the floor"
const effectFloor = "the floor, with Effect imported"

/** Each row, and the row with which its peak is compared. */
const compared: Readonly<Record<string, string>> = {
  [floor]: floor,
  [effectFloor]: floor,
  "Vesper, runForEach": effectFloor,
  "Vesper, in one file": floor
}

export const measurePeaks = async (
  options: Pick<Throughput.Size, "events" | "floor" | "progress" | "rounds">
): Promise<ReadonlyArray<PeakMemory>> => {
  const contestants = [
    { name: effectFloor, module: program("clients/effectFloor") },
    vesperClient("runForEach"),
    await Bundle.make("Vesper, in one file", "runForEach")
  ]
  const modes = ["json"] as const
  const rows = await Throughput.run({
    ...options,
    modes,
    contestants: contestants.map((contestant) => ({ ...contestant, modes }))
  })
  const peaks = new Map(rows.map(({ client, peak }) => [client, peak]))
  return rows.map(({ client, peak }) => {
    const of = compared[client] ?? floor
    return { client, peak, of, ratio: peak / (peaks.get(of) ?? Number.NaN) }
  })
}

/** Returns the milliseconds of CPU of a process that runs the program. */
const measureProgram = (text: string): number => {
  const report = "const { system, user } = process.cpuUsage(); process.stdout.write(String((system + user) / 1000))"
  // The folder of this package, so that the packages are found as they are installed.
  const cwd = Path.resolve(import.meta.dirname, "../..")
  return Number(
    ChildProcess.execFileSync(process.execPath, ["--input-type=module", "-e", `${text}\n${report}`], {
      cwd,
      encoding: "utf8"
    })
  )
}

export const measureImports = (rounds: number): ReadonlyArray<ImportCpu> => {
  const modules = ["effect", "@vesper/gateway", "@vesper/platform-node"]
  const cpus = new Map<string, Array<number>>(modules.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const empty = measureProgram("")
    cpus.forEach((all, name) => all.push(measureProgram(`import "${name}"`) - empty))
  }
  const medians = modules.map((name) => ({ module: name, cpu: median(cpus.get(name) ?? []) }))
  return medians.map(({ cpu, module }) => ({ module, cpu, ratio: cpu / (medians[0]?.cpu ?? Number.NaN) }))
}
