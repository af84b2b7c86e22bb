/** The lives of a bot whose process is killed and started again. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import type { Setting } from "./setting.js"
import type { Word } from "./witness.js"

/** A line that a bot writes. */
export type Line = Word | { readonly _tag: "Handled"; readonly number: number }

export class BotFailed extends Data.TaggedError("BotFailed")<{ readonly output: string }> {
  override get message() {
    return `a bot's process ended by itself: ${this.output}`
  }
}

const bot = fileURLToPath(new URL("./bot.ts", import.meta.url))

const directory = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "vesper-chaos-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

const end = (child: ChildProcess, signal: NodeJS.Signals) =>
  Effect.async<void>((resume) => {
    child.once("close", () => resume(Effect.void))
    child.kill(signal)
  })

const read = (file: string): ReadonlyArray<Line> => {
  const lines = Fs.existsSync(file) ? Fs.readFileSync(file, "utf8").split("\n") : []
  // Behind the last line's end there is nothing, or what a kill has left of a line.
  return lines.slice(0, -1).map((line) => JSON.parse(line))
}

/**
 * Starts the first process. `restart` ends the one that lives, runs `between` and lets the next one begin, which
 * has been started beside the one before: that takes Node a while.
 */
export const make = (options: Omit<Setting, "file" | "sessions">) =>
  Effect.gen(function*() {
    const path = yield* directory
    const sessions = Path.join(path, "sessions")
    let count = 0
    const fileOf = (life: number) => Path.join(path, `life-${life}`)

    const spawned = Effect.acquireRelease(
      Effect.sync(() => {
        const setting: Setting = { ...options, file: fileOf(count++), sessions }
        const child = spawn(process.execPath, [...process.execArgv, bot, JSON.stringify(setting)])
        let output = ""
        child.stderr.on("data", (data) => output += String(data))
        return { child, output: () => output }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    )

    const begin = (life: Effect.Effect.Success<typeof spawned>) => Effect.sync(() => life.child.stdin.write("go\n"))

    let current = yield* spawned
    yield* begin(current)
    let next = yield* spawned
    const turn = yield* Effect.makeSemaphore(1)

    const restart = <A, E>(signal: NodeJS.Signals, between: Effect.Effect<A, E>) =>
      Effect.gen(function*() {
        const { child, output } = current
        if (child.exitCode !== null) {
          return yield* new BotFailed({ output: output() })
        }
        yield* end(child, signal)
        yield* between
        current = next
        yield* begin(current)
        next = yield* spawned
      }).pipe(turn.withPermits(1))

    return {
      restart,
      /** True if a file names the session. */
      isSaved: (session: string) =>
        Fs.existsSync(sessions) &&
        Fs.readdirSync(sessions).some((name) => Fs.readFileSync(Path.join(sessions, name), "utf8").includes(session)),
      /** The lines of each life, in order. */
      lines: () => Array.from({ length: count }, (_, life) => read(fileOf(life)))
    }
  })
