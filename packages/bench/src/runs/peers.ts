/** The clients that are compared with Vesper. */
import * as Contestants from "./contestants.js"
import type { Contestant } from "./contestants.js"
import * as Wire from "../server/wire.js"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"

const peersFolder = Path.resolve(import.meta.dirname, "../../peers")

/** The version of a package that is installed with the peers. */
export const peerVersion = (name: string): string | undefined => {
  const file = Path.join(peersFolder, "node_modules", name, "package.json")
  return Fs.existsSync(file) ? String(JSON.parse(Fs.readFileSync(file, "utf8")).version) : undefined
}

/** The native addon for zlib, which needs a compiler and loads only in the version of Node for which it was built. */
const loadsZlibSync = (): boolean => {
  try {
    createRequire(Path.join(peersFolder, "package.json"))("zlib-sync")
    return true
  } catch {
    return false
  }
}

export const hasZlibSync = loadsZlibSync()

const peer = (name: string, file: string, modes: ReadonlyArray<Wire.Mode>): Contestant => ({
  name: `${name} ${peerVersion(name)}`,
  module: Path.join(peersFolder, `${file}.mjs`),
  modes
})

/** The floor with the addon, if `npm run bench -- --zlib-sync` could build it. */
export const floor: Contestant = { ...Contestants.floor, way: Path.join(peersFolder, "package.json") }

export const peers = (): ReadonlyArray<Contestant> => [
  peer("@discordjs/ws", "discordjs", ["json", "zlib-stream"]),
  peer("@discordeno/gateway", "discordeno", Wire.modes),
  peer("dfx", "dfx", ["json"]),
  peer("cloudstorm", "cloudstorm", ["json", "zlib-stream"]),
  peer("oceanic.js", "oceanic", hasZlibSync ? ["json", "zlib-stream"] : ["json"]),
  peer("eris", "eris", hasZlibSync ? ["json", "zlib-stream"] : ["json"])
]
