/** Server and clients as separate processes, each pinned to a core if the machine supports it. */
import * as ChildProcess from "node:child_process"
import * as Os from "node:os"
import * as Path from "node:path"
import {
  type ClientJob,
  type ClientMessage,
  expected,
  type Measured,
  type ServerJob,
  type ServerMessage
} from "./protocol.js"

const canPin = Os.availableParallelism() > 1 && ChildProcess.spawnSync("taskset", ["--version"]).status === 0

/** The cores of the server and of the client. None if the machine cannot pin processes. */
export const cores = canPin ? { server: 0, client: 1 } : undefined

const spawn = (core: number | undefined, args: ReadonlyArray<string>): ChildProcess.ChildProcess => {
  // The options of this process include the loader that the sources need.
  const node = [process.execPath, ...process.execArgv, ...args]
  const [command, ...rest] = core === undefined ? node : ["taskset", "-c", String(core), ...node]
  const child = ChildProcess.spawn(command ?? process.execPath, rest, {
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })
  // A child whose parent has ended is notified by its channel, but not while it computes.
  const kill = () => child.kill("SIGKILL")
  process.once("exit", kill)
  child.once("exit", () => process.off("exit", kill))
  return child
}

/** The path of a program of this package. */
export const program = (name: string): string => Path.join(import.meta.dirname, "..", `${name}.js`)

const ended = (child: ChildProcess.ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", () => resolve()))

export interface Server {
  readonly url: string
  readonly wanted: number
  readonly bytes: number
  readonly drop: () => void
  readonly onMessage: (listener: (message: ServerMessage) => void) => () => void
  readonly stop: () => Promise<void>
}

export const startServer = async (job: ServerJob): Promise<Server> => {
  const child = spawn(cores?.server, ["--max-old-space-size=8192", program("server/server"), JSON.stringify(job)])
  const listening = await new Promise<Extract<ServerMessage, { readonly _tag: "Listening" }>>((resolve, reject) => {
    child.on("message", (message: ServerMessage) => message._tag === "Listening" && resolve(message))
    child.once("exit", () => reject(new Error("the server has ended before it listened")))
  })
  return {
    ...listening,
    drop: () => child.send("drop"),
    onMessage: (listener) => {
      child.on("message", listener)
      return () => child.off("message", listener)
    },
    stop: () => {
      child.kill()
      return ended(child)
    }
  }
}

/** A program that can be measured. */
export interface Client {
  readonly name: string
  /** The path of its module, and its arguments after the job. */
  readonly module: string
  readonly way?: string
}

export interface Running {
  readonly next: <T extends ClientMessage["_tag"]>(
    tag: T,
    timeout?: number
  ) => Promise<Extract<ClientMessage, { readonly _tag: T }>>
  readonly sample: (request?: "sample" | "collect") => Promise<Extract<ClientMessage, { readonly _tag: "Sample" }>>
  readonly stop: () => Promise<void>
}

export const startClient = (client: Client, job: ClientJob, flags: ReadonlyArray<string> = []): Running => {
  const child = spawn(cores?.client, [...flags, client.module, JSON.stringify(job), client.way ?? ""])
  const next: Running["next"] = (tag, timeout = 60_000) =>
    new Promise((resolve, reject) => {
      const finish = (end: () => void) => {
        clearTimeout(timer)
        child.off("message", heard)
        child.off("exit", gone)
        end()
      }
      const heard = (message: ClientMessage) => {
        if (message._tag === tag) {
          // The tag was compared above.
          finish(() => resolve(message as Extract<ClientMessage, { readonly _tag: typeof tag }>))
        } else if (message._tag === "Failed") {
          finish(() => reject(new Error(`${client.name}: ${message.message}`)))
        }
      }
      const gone = () => finish(() => reject(new Error(`${client.name} has ended too early`)))
      const timer = setTimeout(
        () => finish(() => reject(new Error(`${client.name} was not done after ${timeout / 1000} s`))),
        timeout
      )
      child.on("message", heard)
      child.once("exit", gone)
    })
  return {
    next,
    sample: (request = "sample") => {
      child.send(request)
      return next("Sample")
    },
    stop: () => {
      child.kill("SIGKILL")
      return ended(child)
    }
  }
}

/** Runs one client through the firehose. Fails if an event was lost, doubled or out of order. */
export const measure = async (client: Client, job: ClientJob): Promise<Measured> => {
  const running = startClient(client, job)
  // A client that takes a millisecond for each event hangs, or the machine is too slow for measurements.
  const all = expected(job)
  const timeout = Math.max(60_000, all)
  try {
    const { measured } = await running.next("Measured", timeout)
    if (measured.received !== all || measured.disorder > 0) {
      throw new Error(`${client.name} received ${measured.received} of ${all}, ${measured.disorder} in disorder`)
    }
    return measured
  } finally {
    await running.stop()
  }
}
