/**
 * Counts the modules that a bot of one shard loads, and names the import by which it would load a module that it does not
 * need. `--built` counts them in the packages as they are published, after `npm run build`.
 */
import { build, type Metafile } from "esbuild"
import * as Path from "node:path"

/** Modules at most: 298 of the published packages, 409 of the sources. */
const limits = { built: 310, source: 420 }

const bot = `
import * as Events from "@vesper/gateway/Events"
import * as Shard from "@vesper/gateway/Shard"
import * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
`

/** Modules that a bot of one shard loads on demand: validation, the HTTP client and stores of @effect/platform, and fleets. */
const unwanted = /fast-check|effect\/dist\/esm\/(Schema|ParseResult|FastCheck)\.js|@effect\/platform|\/Fleet\.(js|ts)$/

const isBuilt = process.argv.includes("--built")
const root = Path.resolve(import.meta.dirname, "..")

const { metafile: { inputs } } = await build({
  absWorkingDir: root,
  stdin: { contents: bot, resolveDir: Path.join(root, "packages/platform-node"), sourcefile: "bot" },
  bundle: true,
  write: false,
  splitting: true,
  outdir: "unused",
  platform: "node",
  format: "esm",
  conditions: isBuilt ? [] : ["@vesper/source"],
  external: ["bufferutil", "utf-8-validate"],
  // Node evaluates each import, whether it is used or not.
  ignoreAnnotations: true,
  treeShaking: false,
  metafile: true,
  logLevel: "error"
})

/** The imports that Node follows before the bot runs. */
const followed = ({ imports }: Metafile["inputs"][string]): ReadonlyArray<string> =>
  imports.filter(({ external, kind }) => external !== true && kind !== "dynamic-import").map(({ path }) => path)

/** Each loaded module with the one that imports it first. */
const importers = new Map<string, string>()
const pending = Object.keys(inputs).filter((module) => Path.basename(module) === "bot")
for (let module = pending.shift(); module !== undefined; module = pending.shift()) {
  const importer = module
  const found = inputs[importer]
  for (const path of found === undefined ? [] : followed(found)) {
    if (!importers.has(path)) {
      importers.set(path, importer)
      pending.push(path)
    }
  }
}

const formatChain = (module: string): string => {
  const importer = importers.get(module)
  return importer === undefined ? module : `${formatChain(importer)}\n  imports ${module}`
}

const limit = isBuilt ? limits.built : limits.source
if (importers.size === 0) {
  throw new Error("the imports of the bot were not found")
}
console.log(`a bot of one shard loads ${importers.size} modules, of at most ${limit}`)
const first = Array.from(importers.keys()).find((module) => unwanted.test(module))
if (first !== undefined) {
  console.error(`it loads a module that it does not need; import it on demand:\n${formatChain(first)}`)
}
if (importers.size > limit) {
  console.error("it loads too many modules; load what it does not need on demand, or raise the limit")
}
process.exitCode = first !== undefined || importers.size > limit ? 1 : 0
