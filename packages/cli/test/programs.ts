/** Programs of these tests: the command in this process, and as a process of its own from one file, which starts quickly. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Terminal from "@effect/platform/Terminal"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { build } from "esbuild"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import * as Cli from "../src/Cli.js"

const packageFolder = fileURLToPath(new URL("../", import.meta.url))

export const root: string = Path.resolve(packageFolder, "../..")

/** Waits until a condition is true. */
const until = (isDone: () => boolean) => Effect.asVoid(Effect.repeat(Effect.sleep("10 millis"), { until: isDone }))

/** Runs the command in this process, with its output captured and its environment given. Ctrl-C interrupts it. */
export const runHere = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    let [stdout, stderr] = ["", ""]
    const console = yield* Console.consoleWith(Effect.succeed)
    const fiber = yield* Effect.gen(function*() {
      const terminal = yield* Terminal.Terminal
      return yield* Cli.run(["node", "vesper", ...args]).pipe(
        Effect.provideService(Terminal.Terminal, {
          ...terminal,
          isTTY: Effect.succeed(false),
          display: (text) => Effect.sync(() => stdout += text)
        }),
        Console.withConsole({
          ...console,
          log: (...texts) => Effect.sync(() => stdout += `${texts.join(" ")}\n`),
          error: (...texts) => Effect.sync(() => stderr += `${texts.join(" ")}\n`)
        }),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
        Effect.exit
      )
    }).pipe(Effect.provide(NodeContext.layer), Effect.forkScoped)
    const ended = Effect.map(Fiber.await(fiber), (exit) => {
      const code = Cli.exitCode(exit._tag === "Success" ? exit.value : exit)
      // The command has set its own; this process continues.
      process.exitCode = undefined
      return code
    })
    return {
      stdout: () => stdout,
      stderr: () => stderr,
      awaitOutput: (pattern: RegExp) => until(() => pattern.test(stdout)),
      exit: ended,
      interrupt: Effect.zipRight(Fiber.interruptFork(fiber), ended)
    }
  })

/** Makes one file of a program and all that it imports, for as long as the scope is open. */
export const bundle = (entry: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      // In the package, so that it is found by its name and with its dependencies.
      Fs.mkdirSync(Path.join(packageFolder, "dist"), { recursive: true })
      const folder = Fs.mkdtempSync(Path.join(packageFolder, "dist/test-"))
      const file = Path.join(folder, "bundle", `${Path.basename(entry, ".ts")}.js`)
      await build({
        entryPoints: [Path.resolve(packageFolder, entry)],
        outfile: file,
        bundle: true,
        platform: "node",
        format: "esm",
        conditions: ["@vesper/source"],
        external: ["bufferutil", "libsql", "msgpackr-extract", "pg-native", "utf-8-validate"],
        banner: {
          js: "import { createRequire as requireOf } from \"node:module\"; const require = requireOf(import.meta.url);"
        },
        logLevel: "error"
      })
      for (const asset of ["status.html", "status.css", "status.js"]) {
        Fs.copyFileSync(Path.join(packageFolder, "src/page", asset), Path.join(folder, "bundle", asset))
      }
      Fs.cpSync(Path.join(packageFolder, "../testing/fixtures"), Path.join(folder, "fixtures"), { recursive: true })
      return { file, folder }
    }),
    ({ folder }) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
  ).pipe(Effect.map(({ file }) => file))

/** The command in one file. */
export const bundleCommand = bundle("src/bin.ts")

/** Runs a file as a process of its own, which ends with the scope. */
export const runFile = (
  file: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const { DISCORD_TOKEN: _, ...inherited } = process.env
        return spawn(process.execPath, [file, ...args], { cwd: root, env: { ...inherited, ...env } })
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child) => {
      let [stdout, stderr] = ["", ""]
      child.stdout.on("data", (data) => stdout += String(data))
      child.stderr.on("data", (data) => stderr += String(data))
      return {
        process: child,
        stdout: () => stdout,
        stderr: () => stderr,
        awaitOutput: (pattern: RegExp) => until(() => pattern.test(stdout)),
        exit: Effect.async<number | NodeJS.Signals | null>((resume) => {
          const ended = () => resume(Effect.succeed(child.exitCode ?? child.signalCode))
          return child.exitCode === null ? void child.once("close", ended) : ended()
        })
      }
    }
  )
