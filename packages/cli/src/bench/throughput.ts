/** The firehose: what an event costs each client. */
import type { Contestant } from "./contestants.js"
import * as Processes from "./processes.js"
import type { Measured } from "./protocol.js"
import { median, range } from "./statistics.js"
import * as Wire from "./wire.js"

export interface Row {
  readonly client: string
  readonly mode: Wire.Mode
  /** CPU an event in microseconds. */
  readonly cpu: number
  /** To the floor of the same round: median, lowest and highest. */
  readonly ratio: number
  readonly ratios: readonly [low: number, high: number]
  readonly eventsPerSecond: number
  /** In bytes. */
  readonly peak: number
  /** What went wrong instead. */
  readonly failure?: string
}

export interface Options {
  readonly events: number
  readonly rounds: number
  readonly modes: ReadonlyArray<Wire.Mode>
  /** What the others are compared with. */
  readonly floor: Contestant
  readonly contestants: ReadonlyArray<Contestant>
  readonly progress: (text: string) => void
  /** Ends it early. */
  readonly signal?: AbortSignal
}

const summarise = (
  client: string,
  mode: Wire.Mode,
  events: number,
  runs: ReadonlyArray<Measured>,
  floors: ReadonlyArray<Measured>
): Row => {
  const ratios = runs.map(({ cpu }, round) => cpu / (floors[round]?.cpu ?? Number.NaN))
  return {
    client,
    mode,
    cpu: median(runs.map(({ cpu }) => cpu)) / events,
    ratio: median(ratios),
    ratios: range(ratios),
    // Of all events that the server sent, wanted or not.
    eventsPerSecond: median(runs.map(({ wall }) => events / wall * 1000)),
    peak: median(runs.map(({ peak }) => peak))
  }
}

const runMode = async (
  server: Processes.Server,
  mode: Wire.Mode,
  { contestants, events, floor, progress, rounds, signal }: Options
): Promise<ReadonlyArray<Row>> => {
  const runs = new Map<Contestant, Array<Measured>>()
  const failures = new Map<Contestant, string>()
  const taking = [floor, ...contestants].filter(({ modes }) => modes.includes(mode))
  for (let round = 0; round < rounds; round++) {
    // Alternating order, so that nobody always runs on a machine that is warm, or throttled.
    for (const client of round % 2 === 0 ? taking : taking.toReversed()) {
      if (failures.has(client)) {
        continue
      }
      signal?.throwIfAborted()
      const isFiltered = client.isFiltered ?? false
      try {
        const expected = isFiltered ? server.wanted : events
        const measured = await Processes.measure(client, {
          url: server.url,
          mode,
          events: expected,
          isFiltered,
          shards: 1,
          slowness: 0
        }, signal)
        runs.set(client, [...(runs.get(client) ?? []), measured])
        progress(`${mode} round ${round + 1}: ${client.name} ${(measured.cpu / events).toFixed(2)} us`)
      } catch (error) {
        failures.set(client, String(error).split("\n")[0] ?? "")
        progress(`${mode} round ${round + 1}: ${String(error)}`)
      }
    }
  }
  const floors = runs.get(floor) ?? []
  return taking.map((client) => {
    const failure = failures.get(client)
    const row = summarise(client.name, mode, events, runs.get(client) ?? [], floors)
    return failure === undefined ? row : { ...row, failure }
  })
}

export const run = async (options: Options): Promise<ReadonlyArray<Row>> => {
  // Twelve hours: a heartbeat's acknowledgement would disturb the prepared stream.
  const { events, modes } = options
  const server = await Processes.startServer({ events, modes, heartbeatInterval: 43_200_000 })
  try {
    const rows: Array<Row> = []
    for (const mode of modes.filter(Wire.isSupported)) {
      rows.push(...await runMode(server, mode, options))
    }
    return rows
  } finally {
    await server.stop()
  }
}
