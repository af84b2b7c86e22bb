/** The firehose: what an event costs each client. */
import type { Contestant } from "./contestants.js"
import * as Processes from "./processes.js"
import type { Measured } from "./protocol.js"
import { median, range } from "./statistics.js"
import * as Wire from "./wire.js"

export interface Row {
  readonly client: string
  readonly mode: Wire.Mode
  /** Rounds that it took part in, and how many of them it came through: the figures are of those. */
  readonly rounds: number
  readonly survived: number
  /** CPU an event in microseconds. */
  readonly cpu: number
  /** To the floor of the same round: median, lowest and highest. */
  readonly ratio: number
  readonly ratios: readonly [low: number, high: number]
  readonly eventsPerSecond: number
  /** In bytes. */
  readonly peak: number
  /** What went wrong in the last round that it did not come through. */
  readonly failure?: string
}

/** What became of a client in one round. */
export type Outcome = Measured | { readonly failure: string }

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

const isMeasured = (outcome: Outcome): outcome is Measured => !("failure" in outcome)

/** One client's outcomes, round by round, beside the floor's of the same rounds. */
export const summarise = (
  client: string,
  mode: Wire.Mode,
  events: number,
  outcomes: ReadonlyArray<Outcome>,
  floors: ReadonlyArray<Outcome>
): Row => {
  const runs = outcomes.filter(isMeasured)
  const ratios = outcomes.flatMap((outcome, round) => {
    const floor = floors[round]
    return floor !== undefined && isMeasured(outcome) && isMeasured(floor) ? [outcome.cpu / floor.cpu] : []
  })
  const failure = outcomes.flatMap((outcome) => isMeasured(outcome) ? [] : [outcome.failure]).at(-1)
  return {
    client,
    mode,
    rounds: outcomes.length,
    survived: runs.length,
    cpu: median(runs.map(({ cpu }) => cpu)) / events,
    ratio: median(ratios),
    ratios: range(ratios),
    // Of all events that the server sent, wanted or not.
    eventsPerSecond: median(runs.map(({ wall }) => events / wall * 1000)),
    peak: median(runs.map(({ peak }) => peak)),
    ...(failure !== undefined && { failure })
  }
}

/** Who failed twice in a row would keep the others waiting for nothing: a client that hangs does so for minutes. */
export const isLost = (outcomes: ReadonlyArray<Outcome>): boolean =>
  outcomes.length >= 2 && !outcomes.slice(-2).some(isMeasured)

/** One client, once. It fails too if it did not ask for the compression that its figures would stand under. */
const measure = async (
  server: Processes.Server,
  client: Contestant,
  mode: Wire.Mode,
  { events, signal }: Options
): Promise<Measured> => {
  const asked = new Set<Wire.Mode>()
  const stop = server.onMessage((message) => message._tag === "Identified" && asked.add(message.mode))
  const isFiltered = client.isFiltered ?? false
  try {
    const measured = await Processes.measure(client, {
      url: server.url,
      mode,
      events: isFiltered ? server.wanted : events,
      isFiltered,
      shards: 1,
      slowness: 0
    }, signal)
    if (asked.size !== 1 || !asked.has(mode)) {
      throw new Error(`${client.name} asked for ${Array.from(asked).join(" and ")}`)
    }
    return measured
  } finally {
    stop()
  }
}

const runMode = async (server: Processes.Server, mode: Wire.Mode, options: Options): Promise<ReadonlyArray<Row>> => {
  const { contestants, events, floor, progress, rounds, signal } = options
  const taking = [floor, ...contestants].filter(({ modes }) => modes.includes(mode))
  const outcomes = new Map<Contestant, Array<Outcome>>(taking.map((client) => [client, []]))
  const outcomesOf = (client: Contestant) => outcomes.get(client) ?? []
  for (let round = 0; round < rounds; round++) {
    // Alternating order, so that nobody always runs on a machine that is warm, or throttled.
    for (const client of round % 2 === 0 ? taking : taking.toReversed()) {
      if (isLost(outcomesOf(client))) {
        continue
      }
      signal?.throwIfAborted()
      try {
        const measured = await measure(server, client, mode, options)
        outcomesOf(client).push(measured)
        progress(`${mode} round ${round + 1}: ${client.name} ${(measured.cpu / events).toFixed(2)} us`)
      } catch (error) {
        outcomesOf(client).push({ failure: String(error).split("\n")[0] ?? "" })
        progress(`${mode} round ${round + 1}: ${String(error)}`)
      }
    }
  }
  return taking.map((client) => summarise(client.name, mode, events, outcomesOf(client), outcomesOf(floor)))
}

export const run = async (options: Options): Promise<ReadonlyArray<Row>> => {
  // Twelve hours: a heartbeat's acknowledgement would disturb the prepared stream.
  const { events, modes } = options
  const server = await Processes.startServer({ events, modes, heartbeatInterval: 3_600_000 })
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
