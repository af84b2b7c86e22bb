/** Whom every benchmark runs: the floor, and Vesper in the ways to read it. */
import { type Client, moduleHere } from "./processes.js"
import * as Wire from "./wire.js"

export interface Contestant extends Client {
  readonly modes: ReadonlyArray<Wire.Mode>
  /** Asks for one type of event only. */
  readonly isFiltered?: boolean
}

export const floor: Contestant = { name: "the floor", module: moduleHere("floor"), modes: Wire.modes }

/** Vesper read in one way; `idle` and `slow` are for benchmarks that are not about the rate. */
export const vesperClient = (way: string): Client => ({ name: `Vesper, ${way}`, module: moduleHere("vesper"), way })

export const vesper: ReadonlyArray<Contestant> = [
  { ...vesperClient("runForEach"), modes: Wire.modes },
  { ...vesperClient("handlers"), modes: Wire.modes },
  { ...vesperClient("nextEvent"), modes: Wire.modes },
  { ...vesperClient("events"), modes: Wire.modes },
  { ...vesperClient("runForEach"), name: "Vesper, 1 of 20 wanted", modes: Wire.modes, isFiltered: true }
]
