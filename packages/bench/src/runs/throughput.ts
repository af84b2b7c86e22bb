/** The firehose: the cost of an event for each client. */
import type * as Contestants from "./contestants.js"
import * as Processes from "./processes.js"
import type { Measured } from "./protocol.js"
import { median, range } from "../report/statistics.js"
import * as Wire from "../server/wire.js"

/** Median, minimum and maximum of the ratio of CPU to another row, over the rounds in which both were measured. */
export interface Comparison {
  readonly ratio: number
  readonly ratios: readonly [low: number, high: number]
}

/** The comparison of a row with the row that its aim names. */
export interface Compared extends Comparison {
  readonly client: string
  /** The highest target ratio. */
  readonly aim: number
}

export interface Row extends Comparison {
  readonly client: string
  readonly mode: Wire.Mode
  /** Rounds of the client, and the number of successful ones, over which the figures are taken. */
  readonly rounds: number
  readonly survived: number
  /** CPU an event in microseconds. */
  readonly cpu: number
  readonly eventsPerSecond: number
  /** In bytes. */
  readonly peak: number
  /** The comparison with an aim. */
  readonly compared?: Compared
  /** The error of the last failed round. */
  readonly failure?: string
}

/** The outcome of a client in one round. */
export type Outcome = Measured | { readonly failure: string }

export interface Size {
  /** Events on all connections of a client together. */
  readonly events: number
  /** Connections of each client. Default: 1. */
  readonly shards?: number
  readonly rounds: number
  readonly modes: ReadonlyArray<Wire.Mode>
  /** The client with which the others are compared. */
  readonly floor: Contestants.Contestant
  readonly contestants: ReadonlyArray<Contestants.Contestant>
  readonly progress: (text: string) => void
}

const isMeasured = (outcome: Outcome): outcome is Measured => !("failure" in outcome)

const compare = (outcomes: ReadonlyArray<Outcome>, others: ReadonlyArray<Outcome>): Comparison => {
  const ratios = outcomes.flatMap((outcome, round) => {
    const other = others[round]
    return other !== undefined && isMeasured(outcome) && isMeasured(other) ? [outcome.cpu / other.cpu] : []
  })
  return { ratio: median(ratios), ratios: range(ratios) }
}

/** Outcomes of one client, with those of the floor and of the client that its aim names in the same rounds. */
export const summarise = (
  client: string,
  mode: Wire.Mode,
  events: number,
  outcomes: ReadonlyArray<Outcome>,
  floors: ReadonlyArray<Outcome>,
  aim?: Contestants.Aim & { readonly outcomes: ReadonlyArray<Outcome> }
): Row => {
  const runs = outcomes.filter(isMeasured)
  const failure = outcomes.flatMap((outcome) => isMeasured(outcome) ? [] : [outcome.failure]).at(-1)
  return {
    client,
    mode,
    rounds: outcomes.length,
    survived: runs.length,
    cpu: median(runs.map(({ cpu }) => cpu)) / events,
    ...compare(outcomes, floors),
    // Per event that the server sent, wanted or not.
    eventsPerSecond: median(runs.map(({ wall }) => events / wall * 1000)),
    peak: median(runs.map(({ peak }) => peak)),
    ...(aim !== undefined &&
      { compared: { client: aim.of, aim: aim.aim, ...compare(outcomes, aim.outcomes) } }),
    ...(failure !== undefined && { failure })
  }
}

/** Skips a client that failed twice in a row, because a client that hangs delays the others by minutes. */
export const isLost = (outcomes: ReadonlyArray<Outcome>): boolean =>
  outcomes.length >= 2 && !outcomes.slice(-2).some(isMeasured)

/** A size with the same number of events on each connection. */
type Run = Size & { readonly shards: number }

/** Runs one client once. Fails if it did not request the compression of the table. */
const measure = async (
  server: Processes.Server,
  client: Contestants.Contestant,
  mode: Wire.Mode,
  { events, shards }: Run
): Promise<Measured> => {
  const asked = new Set<Wire.Mode>()
  const stop = server.onMessage((message) => message._tag === "Identified" && asked.add(message.mode))
  const isFiltered = client.isFiltered ?? false
  try {
    const measured = await Processes.measure(client, {
      url: server.url,
      mode,
      events: isFiltered ? server.wanted : events / shards,
      isFiltered,
      shards,
      readers: client.readers ?? 1,
      slowness: 0
    })
    if (asked.size !== 1 || !asked.has(mode)) {
      throw new Error(`${client.name} asked for ${Array.from(asked).join(" and ")}`)
    }
    return measured
  } finally {
    stop()
  }
}

const runMode = async (server: Processes.Server, mode: Wire.Mode, options: Run): Promise<ReadonlyArray<Row>> => {
  const { contestants, events, floor, progress, rounds } = options
  const taking = [floor, ...contestants].filter(({ modes }) => modes.includes(mode))
  const outcomes = new Map<Contestants.Contestant, Array<Outcome>>(taking.map((client) => [client, []]))
  const outcomesFor = (client: Contestants.Contestant) => outcomes.get(client) ?? []
  for (let round = 0; round < rounds; round++) {
    // Alternating order, so that no client always runs on a machine that is warm or throttled.
    for (const client of round % 2 === 0 ? taking : taking.toReversed()) {
      if (isLost(outcomesFor(client))) {
        continue
      }
      try {
        const measured = await measure(server, client, mode, options)
        outcomesFor(client).push(measured)
        progress(`${mode} round ${round + 1}: ${client.name} ${(measured.cpu / events).toFixed(2)} us`)
      } catch (error) {
        outcomesFor(client).push({ failure: String(error).split("\n")[0] ?? "" })
        progress(`${mode} round ${round + 1}: ${String(error)}`)
      }
    }
  }
  return taking.map((client) => {
    const other = taking.find(({ name }) => name === client.aim?.of)
    const aim = client.aim && other && { ...client.aim, outcomes: outcomesFor(other) }
    return summarise(client.name, mode, events, outcomesFor(client), outcomesFor(floor), aim)
  })
}

export const run = async (options: Size): Promise<ReadonlyArray<Row>> => {
  // Twelve hours, because the acknowledgement of a heartbeat would disturb the prepared stream.
  const { modes, shards = 1 } = options
  const events = Math.ceil(options.events / shards)
  const server = await Processes.startServer({ events, modes, shards, heartbeatInterval: 3_600_000 })
  try {
    const rows: Array<Row> = []
    for (const mode of modes.filter(Wire.isSupported)) {
      rows.push(...await runMode(server, mode, { ...options, shards, events: events * shards }))
    }
    return rows
  } finally {
    await server.stop()
  }
}
