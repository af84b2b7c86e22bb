/** Whom the benchmarks run. */
import * as Fs from "node:fs"
import type { Client } from "./processes.js"
import type { Mode } from "./wire.js"

export interface Contestant extends Client {
  readonly modes: ReadonlyArray<Mode>
  /** Asks for one type of event only. */
  readonly isFiltered?: boolean
}

const every: ReadonlyArray<Mode> = ["json", "zlib-stream", "zstd-stream"]

const peersFolder = new URL("../peers/", import.meta.url)

/** The version of a package that is installed beside the peers. */
export const peerVersion = (name: string): string | undefined => {
  const file = new URL(`node_modules/${name}/package.json`, peersFolder)
  return Fs.existsSync(file) ? String(JSON.parse(Fs.readFileSync(file, "utf8")).version) : undefined
}

/** The native addon for zlib, which needs a compiler. */
export const hasZlibSync = Fs.existsSync(new URL("node_modules/zlib-sync/build", peersFolder))

const peer = (name: string, file: string, modes: ReadonlyArray<Mode>): Contestant => ({
  name: `${name} ${peerVersion(name)}`,
  module: `peers/${file}.mjs`,
  modes
})

export const floor: Contestant = { name: "the floor", module: "dist/clients/floor.js", modes: every }

const vesper = (name: string, way: string, isFiltered = false): Contestant => ({
  name: `Vesper, ${name}`,
  module: "dist/clients/vesper.js",
  way,
  modes: every,
  isFiltered
})

export const contestants = (): ReadonlyArray<Contestant> => [
  floor,
  vesper("runForEach", "runForEach"),
  vesper("nextEvent", "nextEvent"),
  vesper("events", "events"),
  vesper("1 of 20 wanted", "runForEach", true),
  peer("@discordjs/ws", "discordjs", every),
  peer("@discordeno/gateway", "discordeno", every),
  peer("dfx", "dfx", ["json"]),
  peer("cloudstorm", "cloudstorm", ["json", "zlib-stream"]),
  peer("oceanic.js", "oceanic", hasZlibSync ? ["json", "zlib-stream"] : ["json"]),
  peer("eris", "eris", hasZlibSync ? ["json", "zlib-stream"] : ["json"])
]
