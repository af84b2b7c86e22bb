/** Benchmarks of idle shards, reconnects, starts and slow consumers. */
import { vesperClient as vesper } from "./contestants.js"
import * as Processes from "./processes.js"
import type { ServerMessage } from "./protocol.js"
import { median } from "../report/statistics.js"
import type { Mode } from "../server/wire.js"
import * as Bundle from "../clients/bundle.js"
import * as Peers from "./peers.js"

const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

const job = { events: Number.MAX_SAFE_INTEGER, isFiltered: false, shards: 1, readers: 1, slowness: 0 }

/** Resolves when the server has reported a state the given number of times. */
const awaitMessages = (server: Processes.Server, tag: ServerMessage["_tag"], count: number, timeout = 60_000) =>
  new Promise<void>((resolve, reject) => {
    let seen = 0
    const timer = setTimeout(() => reject(new Error(`${seen} of ${count} times ${tag}`)), timeout)
    const stop = server.onMessage((message) => {
      if (message._tag === tag && ++seen === count) {
        clearTimeout(timer)
        stop()
        resolve()
      }
    })
  })

export interface Idle {
  readonly client: string
  readonly mode: Mode
  readonly shards: number
  /** Bytes a shard: resident, and of the heap with buffers. */
  readonly rss: number
  readonly heap: number
  /** Part of one core, with an interval of 41.25 s. */
  readonly core: number
}

/**
 * Measures memory by the difference to the same program with one shard, and CPU over a window in which heartbeats are
 * `speedup` times as fast. A mean needs several windows, because V8 collects the old generation between zero and three times
 * in one interval.
 */
const measureIdle = async (
  client: Processes.Client,
  mode: Mode,
  shards: number,
  window: number,
  speedup: number
): Promise<Idle> => {
  const server = await Processes.startServer({ events: 0, heartbeatInterval: 41_250 / speedup })
  const measure = async (count: number, millis: number) => {
    const running = Processes.startClient(client, { ...job, url: server.url, mode, shards: count }, ["--expose-gc"])
    try {
      await (count === 1 ? sleep(2_000) : running.next("Ready"))
      await sleep(2_000)
      // Collects the garbage of the start, which is not a cost of an idle shard, before the window starts.
      await running.sample("collect")
      const before = await running.sample()
      await sleep(millis)
      const after = await running.sample()
      return { memory: await running.sample("collect"), cpu: after.cpu - before.cpu }
    } finally {
      await running.stop()
    }
  }
  try {
    const one = await measure(1, 0)
    const many = await measure(shards, window)
    return {
      client: client.name,
      mode,
      shards,
      rss: (many.memory.rss - one.memory.rss) / (shards - 1),
      heap: (many.memory.heap - one.memory.heap) / (shards - 1),
      core: many.cpu / 1000 / window / speedup
    }
  } finally {
    await server.stop()
  }
}

export const idle = async (shards: number, window: number, speedup: number): Promise<ReadonlyArray<Idle>> => {
  const results: Array<Idle> = []
  for (const mode of ["json", "zlib-stream"] as const) {
    for (const client of [Peers.floor, vesper("fleet")]) {
      results.push(await measureIdle(client, mode, shards, window, speedup))
    }
  }
  return results
}

export interface Reconnect {
  readonly shards: number
  /** Milliseconds from the drop of all connections until the gateway has resumed the last; median of the rounds. */
  readonly millis: number
  /** CPU of the client in that time, in milliseconds. */
  readonly cpu: number
}

/** Terminates all connections at once, several times. */
export const reconnect = async (shards: number, rounds: number): Promise<Reconnect> => {
  const server = await Processes.startServer({ events: 0, heartbeatInterval: 3_600_000 })
  const identified = awaitMessages(server, "Identified", shards)
  const running = Processes.startClient(vesper("idle"), { ...job, url: server.url, mode: "zlib-stream", shards })
  try {
    await identified
    await sleep(1_000)
    const times: Array<number> = []
    const cpus: Array<number> = []
    for (let round = 0; round < rounds; round++) {
      const before = await running.sample()
      const started = performance.now()
      const resumed = awaitMessages(server, "Resumed", shards)
      server.drop()
      await resumed
      times.push(performance.now() - started)
      const after = await running.sample()
      cpus.push((after.cpu - before.cpu) / 1000)
      await sleep(1_000)
    }
    return { shards, millis: median(times), cpu: median(cpus) }
  } finally {
    await running.stop()
    await server.stop()
  }
}

export interface Startup {
  readonly client: string
  /** Milliseconds from the start of the process until its connection reaches the gateway. */
  readonly millis: number
}

export const startup = async (rounds: number): Promise<ReadonlyArray<Startup>> => {
  const server = await Processes.startServer({ events: 0, heartbeatInterval: 3_600_000 })
  const times = new Map<Processes.Client, Array<number>>()
  const clients = [Peers.floor, vesper("idle"), await Bundle.make("Vesper, in one file", "idle")]
  try {
    for (let round = 0; round < rounds; round++) {
      for (const client of round % 2 === 0 ? clients : clients.toReversed()) {
        const started = performance.now()
        const connected = awaitMessages(server, "Connected", 1)
        const running = Processes.startClient(client, { ...job, url: server.url, mode: "zlib-stream" })
        await connected
        times.set(client, [...(times.get(client) ?? []), performance.now() - started])
        await running.stop()
      }
    }
    return clients.map((client) => ({ client: client.name, millis: median(times.get(client) ?? []) }))
  } finally {
    await server.stop()
  }
}

export interface Backlog {
  readonly events: number
  /** Microseconds of the consumer for each event. */
  readonly slowness: number
  /** Events a second, of at most `1e6 / slowness`. */
  readonly rate: number
  /** Memory in bytes of a client at full speed, and of the slow one. */
  readonly peakFast: number
  readonly peakSlow: number
}

/** Runs a consumer that is slower than the gateway. The rate must follow it and memory must not grow. */
export const backlog = async (events: number, slowness: number): Promise<Backlog> => {
  const server = await Processes.startServer({ events, heartbeatInterval: 3_600_000 })
  try {
    const slow = { ...job, url: server.url, mode: "zlib-stream", events, slowness } as const
    const fast = await Processes.measure(vesper("nextEvent"), { ...slow, slowness: 0 })
    const measured = await Processes.measure(vesper("slow"), slow)
    return {
      events,
      slowness,
      rate: measured.received / measured.wall * 1000,
      peakFast: fast.peak,
      peakSlow: measured.peak
    }
  } finally {
    await server.stop()
  }
}
