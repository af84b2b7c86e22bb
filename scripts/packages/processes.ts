/** Processes of the check, with their output. */
import { type ChildProcess, spawn } from "node:child_process"

/** The time in which a command must print its line, or end. */
const limit = 180_000

export interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  /** Fails with the output if the text does not appear, unless the process ends with one of the exit codes. */
  readonly expect: (said: RegExp) => Promise<void>
  readonly exit: Promise<number | null>
  /** Sends SIGTERM, and returns the exit code. */
  readonly end: () => Promise<number | null>
}

/** Starts a process of its own group, so that its children end with it. */
export const start = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }
): Run => {
  const child = spawn(command, args, {
    cwd: options.cwd,
    // A bundler in this process sets NODE_ENV to "production", for which npm removes development dependencies.
    env: { ...process.env, NO_COLOR: "1", NODE_ENV: "development", ...options.env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const chunks: Array<string> = []
  child.stdout.on("data", (data) => chunks.push(String(data)))
  child.stderr.on("data", (data) => chunks.push(String(data)))
  const output = () => chunks.join("")
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on("close", resolve)
    child.on("error", reject)
  })
  const expect = (said: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}:\n${output().slice(-2_000)}`))
      const timer = setTimeout(() => fail(`does not print ${said.source} within ${limit / 1_000} s`), limit)
      const look = () => {
        if (said.test(output())) {
          clearTimeout(timer)
          resolve()
        }
      }
      look()
      child.stdout.on("data", look)
      child.stderr.on("data", look)
      child.on("close", () => {
        clearTimeout(timer)
        look()
        fail(`ends without ${said.source}`)
      })
    })
  return { child, output, expect, exit, end: () => (child.kill("SIGTERM"), exit) }
}

/** Runs a process to its end. Fails with its output unless it succeeds. */
export const run = async (...args: Parameters<typeof start>): Promise<string> => {
  const { exit, output } = start(...args)
  const code = await exit
  if (code !== 0) {
    throw new Error(`${[args[0], ...args[1]].join(" ")} ends with exit code ${code}:\n${output().slice(-2_000)}`)
  }
  return output()
}
