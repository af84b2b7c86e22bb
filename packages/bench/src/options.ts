/** Options of `npm run bench`. */
import type { Contestant } from "./runs/contestants.js"
import * as Wire from "./server/wire.js"
import * as Util from "node:util"

const allParts = ["throughput", "fleets", "idle", "reconnect", "startup", "backlog", "memory"] as const

export type Part = (typeof allParts)[number]

/** The word of `--only` that selects the rows with an aim. */
const pipeline = "pipeline"
const pipelineParts: ReadonlyArray<Part> = ["throughput", "fleets"]

export interface Options {
  readonly isQuick: boolean
  readonly isSaved: boolean
  readonly isGuard: boolean
  readonly hasPeers: boolean
  readonly hasZlibSync: boolean
  /** Events on all connections of a client together. */
  readonly events: number
  readonly rounds: number
  readonly parts: ReadonlySet<Part>
  readonly modes: ReadonlyArray<Wire.Mode>
  /** Measurement of fleets, once for each number of shards. */
  readonly fleets: {
    readonly shards: ReadonlyArray<number>
    readonly events: number
    readonly modes: ReadonlyArray<Wire.Mode>
  }
  /** Returns true if the row is selected by its name. */
  readonly isWanted: (contestant: Contestant) => boolean
}

const fail = (message: string): never => {
  throw new Error(message)
}

const splitWords = (list: string): ReadonlyArray<string> => list.split(",").filter((word) => word !== "")

/** Parses a list of words, each of which must be one of `all`. */
const parseWords = <A extends string>(option: string, list: string, all: ReadonlyArray<A>): ReadonlyArray<A> =>
  splitWords(list).map((word) =>
    all.find((known) => known === word) ?? fail(`${option}: "${word}" is not one of ${all.join(", ")}`)
  )

const parseCount = (option: string, text: string): number => {
  const count = Number(text)
  return Number.isSafeInteger(count) && count > 0 ? count : fail(`${option}: "${text}" is not a positive integer`)
}

/** Parses the arguments of the command. Throws an error that names the option and its allowed values. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const { values } = Util.parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
      "zlib-sync": { type: "boolean", default: false },
      "no-peers": { type: "boolean", default: false },
      guard: { type: "boolean", default: false },
      events: { type: "string" },
      rounds: { type: "string" },
      only: { type: "string", default: allParts.join(",") },
      rows: { type: "string", default: "" },
      shards: { type: "string" },
      modes: { type: "string", default: Wire.modes.join(",") }
    }
  })
  const { guard, quick, save } = values
  const only = parseWords("--only", values.only, [...allParts, pipeline])
  const events = parseCount("--events", values.events ?? (quick || guard ? "20000" : "150000"))
  const modes = parseWords("--modes", values.modes, Wire.modes)
  const hasAimsOnly = only.includes(pipeline)
  const words = splitWords(values.rows.toLowerCase())
  if (save && (hasAimsOnly || words.length > 0)) {
    fail("--save replaces whole tables: leave out --rows and --only pipeline")
  }
  return {
    isQuick: quick,
    isSaved: save,
    isGuard: guard,
    hasPeers: !values["no-peers"] && !guard && only.includes("throughput"),
    hasZlibSync: values["zlib-sync"],
    events,
    rounds: parseCount("--rounds", values.rounds ?? (guard ? "1" : quick ? "3" : "5")),
    parts: new Set(guard ? pipelineParts : only.flatMap((word) => word === pipeline ? pipelineParts : [word])),
    modes,
    fleets: {
      shards: splitWords(values.shards ?? (guard ? "16" : "16,250")).map((count) => parseCount("--shards", count)),
      // A ratio of two clients of Vesper is the same with each compression. Both need more events until they are compiled.
      events: guard ? events * 3 : events,
      modes: guard ? modes.slice(0, 1) : modes
    },
    isWanted: ({ aim, name }) =>
      (!hasAimsOnly || aim !== undefined) &&
      (words.length === 0 || words.some((word) => name.toLowerCase().includes(word)))
  }
}
