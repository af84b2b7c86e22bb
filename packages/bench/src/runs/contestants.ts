/** The clients of every benchmark: the floor, and Vesper with each kind of reader. */
import { type Client, program } from "./processes.js"
import * as Wire from "../server/wire.js"

/** The highest ratio of a contestant's CPU to that of another one in the same round. */
export interface Aim {
  /** The name of the other contestant. */
  readonly of: string
  readonly aim: number
}

export interface Contestant extends Client {
  readonly modes: ReadonlyArray<Wire.Mode>
  /** Requests only one type of event. */
  readonly isFiltered?: boolean
  /** Readers of each connection, each of which receives every event. Default: 1. */
  readonly readers?: number
  readonly aim?: Aim
}

export const floor: Contestant = { name: "the floor", module: program("clients/floor"), modes: Wire.modes }

/** Inflates and reads only the sequence number, the minimum cost of an unwanted event. */
export const sequenceFloor: Contestant = {
  name: "the floor, sequence only",
  module: program("clients/sequenceFloor"),
  modes: Wire.modes
}

/** Vesper with one kind of reader. `idle` and `slow` are for benchmarks that do not measure the rate. */
export const vesperClient = (way: string): Client => ({
  name: `Vesper, ${way}`,
  module: program("clients/vesper"),
  way
})

export const vesper: ReadonlyArray<Contestant> = [
  { ...vesperClient("runForEach"), modes: Wire.modes },
  { ...vesperClient("handlers"), modes: Wire.modes },
  { ...vesperClient("nextEvent"), modes: Wire.modes },
  { ...vesperClient("events"), modes: Wire.modes },
  { ...vesperClient("eventsInChunks"), name: "Vesper, events in chunks", modes: Wire.modes },
  { ...vesperClient("runForEach"), name: "Vesper, 1 of 20 wanted", modes: Wire.modes, isFiltered: true }
]

/** Readers of all shards of a process together. */
export const fleetReaders: ReadonlyArray<Contestant> = [
  { ...vesperClient("fleet.runForEach"), modes: Wire.modes },
  { ...vesperClient("Events.runFleet"), modes: Wire.modes }
]

export const subscribers: ReadonlyArray<Contestant> = [
  { ...vesperClient("subscribers"), name: "Vesper, one subscriber", modes: Wire.modes },
  { ...vesperClient("subscribers"), name: "Vesper, two subscribers", modes: Wire.modes, readers: 2 }
]
