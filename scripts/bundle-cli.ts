/**
 * Bundles the `vesper` command with all that it imports: one file for every command, and one for each part that only some
 * commands load. Node spends most of the start of an Effect program on the resolution of modules.
 */
import { build, type Metafile } from "esbuild"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"

const folder = Path.resolve(import.meta.dirname, "../packages/cli")
const target = Path.join(folder, "dist/bundle")

/** Has a binary for each platform. It is a dependency of the package, and resolved from the bundle. */
const native = ["libsql"]

/** Optional binaries that make other packages faster. */
const optional = ["bufferutil", "msgpackr-extract", "pg-native", "utf-8-validate"]

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

/** The folder of the package of a bundled module; none for a module of this repository. */
const packageOf = (module: string): string | undefined => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0]

const licenceOf = (path: string): string => {
  const directory = Path.resolve(folder, path)
  // npm has checked it when it was installed.
  const manifest = JSON.parse(Fs.readFileSync(Path.join(directory, "package.json"), "utf8")) as Manifest
  const file = Fs.readdirSync(directory).find((name) => /^licen[cs]e/i.test(name))
  const author = typeof manifest.author === "string" ? manifest.author : manifest.author?.name
  if (file === undefined && manifest.license === undefined) {
    throw new Error(`${manifest.name} has no licence, and cannot be part of the bundle`)
  }
  const text = file === undefined
    ? `${manifest.license}${author === undefined ? "" : `, ${author}`}`
    : Fs.readFileSync(Path.join(directory, file), "utf8").trim()
  return `${manifest.name} ${manifest.version}\n\n${text}\n`
}

type Outputs = Metafile["outputs"]

/** The modules with code in an output. */
const modulesOf = ({ inputs }: Outputs[string]): ReadonlyArray<string> =>
  Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)

const licencesOf = (outputs: Outputs): string => {
  const modules = Object.values(outputs).flatMap(modulesOf)
  const packages = new Set(modules.map(packageOf).filter((path) => path !== undefined))
  return Array.from(packages, licenceOf).toSorted().join(`\n${"-".repeat(80)}\n\n`)
}

/** Modules that every command would wait for, and that only some need. */
const heavy =
  /node_modules\/(ws|undici|pg|@libsql)\/|@effect\/(cluster|rpc|sql)|packages\/cluster|\/(Shard|GatewaySimulator)\.ts$/

/** The modules that every command loads: those of the file that is started, and of the files that it imports. */
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
  // Former CommonJS modules require Node's modules, and the optional ones, when they need them.
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

// Files that are read at run time, beside the bundle and beside the modules of the package.
for (const place of ["bundle", "page"]) {
  Fs.mkdirSync(Path.join(folder, "dist", place), { recursive: true })
  for (const asset of ["status.html", "status.css", "status.js"]) {
    Fs.copyFileSync(Path.join(folder, "src/page", asset), Path.join(folder, "dist", place, asset))
  }
}
// The bundle has the module of @vesper/testing that reads its fixtures from the folder beside its own.
Fs.cpSync(Path.join(folder, "../testing/fixtures"), Path.join(folder, "dist/fixtures"), { recursive: true })
