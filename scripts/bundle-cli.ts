/**
 * Makes the `vesper` command of its sources and all that it imports: a file for what every command needs, and one for
 * each part that only some do. Node spends most of the start of an Effect program on finding modules.
 */
import { build, type Metafile } from "esbuild"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"

const folder = Path.resolve(import.meta.dirname, "../packages/cli")
const target = Path.join(folder, "dist/bundle")

/** Has a binary of the platform's own; a dependency of the package, so that it is found from the bundle. */
const native = ["libsql"]

/** Binaries that make other packages faster where somebody has installed them. */
const optional = ["bufferutil", "msgpackr-extract", "pg-native", "utf-8-validate"]

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** The folder of the package that a bundled module is from; none for a module of this repository. */
const packageOf = (module: string): string | undefined => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0]

const licenceOf = (path: string): string => {
  const directory = Path.resolve(folder, path)
  // Installed by npm, which has checked it.
  const manifest = JSON.parse(Fs.readFileSync(Path.join(directory, "package.json"), "utf8")) as Manifest
  const file = Fs.readdirSync(directory).find((name) => /^licen[cs]e/i.test(name))
  const author = typeof manifest.author === "string" ? manifest.author : manifest.author?.name
  if (file === undefined && manifest.license === undefined) {
    throw new Error(`${manifest.name} has no licence: it cannot be part of the bundle`)
  }
  const text = file === undefined
    ? `${manifest.license}${author === undefined ? "" : `, ${author}`}`
    : Fs.readFileSync(Path.join(directory, file), "utf8").trim()
  return `${manifest.name} ${manifest.version}\n\n${text}\n`
}

type Outputs = Metafile["outputs"]

/** The modules that something is left of in an output. */
const modulesOf = ({ inputs }: Outputs[string]): ReadonlyArray<string> =>
  Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)

const licencesOf = (outputs: Outputs): string => {
  const modules = Object.values(outputs).flatMap(modulesOf)
  const packages = new Set(modules.map(packageOf).filter((path) => path !== undefined))
  return Array.from(packages, licenceOf).toSorted().join(`\n${"-".repeat(80)}\n\n`)
}

/** What only some commands need, and every command would wait for. */
const heavy =
  /node_modules\/(ws|undici|pg|@libsql)\/|@effect\/(cluster|rpc|sql)|packages\/cluster|\/(Shard|GatewaySimulator)\.ts$/

/** The modules that are loaded whatever the command is: of the file that is started, and of those that it imports. */
const loadedAtOnce = (outputs: Outputs, file: string, seen = new Set<string>()): ReadonlyArray<string> => {
  const output = outputs[file]
  if (output === undefined || seen.has(file)) {
    return []
  }
  seen.add(file)
  return [
    ...modulesOf(output),
    ...output.imports.filter(({ kind }) => kind === "import-statement")
      .flatMap(({ path }) => loadedAtOnce(outputs, path, seen))
  ]
}

Fs.rmSync(target, { recursive: true, force: true })
const { metafile: { outputs } } = await build({
  absWorkingDir: folder,
  entryPoints: ["src/bin.ts"],
  outdir: target,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: `node${createRequire(import.meta.url)("../package.json").engines.node.replace(/^>=/, "")}`,
  conditions: ["@vesper/source"],
  external: [...native, ...optional],
  chunkNames: "[name]-[hash]",
  // What was CommonJS asks for Node's own modules, and for the optional ones, when it needs them.
  banner: {
    js: "import { createRequire as requireOf } from \"node:module\"; const require = requireOf(import.meta.url);"
  },
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: "warning"
})
const tooHeavy = loadedAtOnce(outputs, "dist/bundle/bin.js").filter((path) => heavy.test(path))
if (tooHeavy.length > 0) {
  throw new Error(`every command would load ${tooHeavy.join(", ")}: import it where the one that needs it runs`)
}
Fs.writeFileSync(Path.join(target, "THIRD-PARTY-LICENSES.txt"), licencesOf(outputs))
