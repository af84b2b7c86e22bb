/** The rows of the firehose, and their target ratios. */
import * as Contestants from "./contestants.js"
import type { Aim, Contestant } from "./contestants.js"

const aims: Readonly<Record<string, Aim>> = {
  "Vesper, runForEach": { of: "the floor", aim: 0.9 },
  "Vesper, handlers": { of: "the floor", aim: 0.9 },
  "Vesper, events": { of: "the floor", aim: 1.15 },
  "Vesper, events in chunks": { of: "the floor", aim: 1.15 },
  "Vesper, 1 of 20 wanted": { of: "the floor, sequence only", aim: 1.1 },
  "Vesper, fleet.runForEach": { of: "Vesper, runForEach", aim: 1.1 },
  "Vesper, Events.runFleet": { of: "Vesper, runForEach", aim: 1.1 },
  "Vesper, two subscribers": { of: "Vesper, one subscriber", aim: 1.25 }
}

const withAim = (contestant: Contestant): Contestant => {
  const aim = aims[contestant.name]
  return aim === undefined ? contestant : { ...contestant, aim }
}

/** Readers of one shard. */
export const shard: ReadonlyArray<Contestant> = [
  Contestants.sequenceFloor,
  ...Contestants.vesper,
  ...Contestants.fleetReaders,
  ...Contestants.subscribers
].map(withAim)

/** Readers of several shards in one process: as many `runForEach` as there are shards, and a fleet. */
export const fleets: ReadonlyArray<Contestant> = [
  ...Contestants.vesper.filter(({ name }) => name === "Vesper, runForEach"),
  ...Contestants.fleetReaders.map(withAim)
]

/**
 * Selects rows by `isWanted`, and the rows with which they are compared, because a ratio needs both in the same round. Keeps
 * their order.
 */
export const select = (
  all: ReadonlyArray<Contestant>,
  isWanted: (contestant: Contestant) => boolean
): ReadonlyArray<Contestant> => {
  const wanted = all.filter(isWanted)
  const compared = new Set(wanted.map(({ aim }) => aim?.of))
  return all.filter((contestant) => wanted.includes(contestant) || compared.has(contestant.name))
}
