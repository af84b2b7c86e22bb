/** Shared by the trials: settings, three runners, and a verdict. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import type * as Postgres from "./postgres.js"
import * as Trial from "./trial.js"

export interface Settings {
  /** The number of repetitions. */
  readonly times: number
  readonly eventsPerSecond: number
}

export type Server = Postgres.Server

export const leaseSeconds = 6
export const shards = 12
export const maxConcurrency = 4
export const both = ["onHandled", "onReceive"] as const

export type Acknowledge = typeof both[number]

export const seconds = (millis: number) => `${(millis / 1_000).toFixed(1)} s`

const median = (all: ReadonlyArray<number>) => Array.from(all).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

interface Expected {
  readonly acknowledge: Acknowledge
  /** The longest time away, in seconds. */
  readonly within: number
  readonly identified?: number
  /** True if a connection may be open when its session is resumed, because its process cannot close it. */
  readonly mayBeReplaced?: boolean
  /** True for a runner that Discord cannot hear. */
  readonly isUnheard?: boolean
  /** True if nothing may be handled twice although events are acknowledged when they are handled. */
  readonly isExact?: boolean
}

/** Says what was seen, and which promises were broken: then the process fails, and `more` is printed too. */
export const verdict = (
  lines: ReadonlyArray<string>,
  promises: ReadonlyArray<readonly [promise: string, isKept: boolean]>,
  more: ReadonlyArray<string> = []
) =>
  Effect.suspend(() => {
    const broken = promises.filter(([, isKept]) => !isKept).map(([promise]) => promise)
    if (broken.length > 0) {
      process.exitCode = 1
    }
    return Console.log(
      [
        ...lines,
        ...(broken.length > 0 ? more : []),
        broken.length === 0 ? "  every promise was kept" : `  BROKEN: ${broken.join("; ")}`
      ].join("\n")
    )
  })

/** Lines that should not be there, up to so many. */
export const strays = (lines: ReadonlyArray<string>, count: number) =>
  lines.slice(0, count).map((line) => `  ! ${line}`)

const maxLines = 20

export const conclude = (name: string, trial: Trial.Trial, times: ReadonlyArray<number>, expected: Expected) =>
  Effect.gen(function*() {
    const tally = yield* trial.settle
    const { counts, gaps, overlaps, replaced, violations } = trial.witness
    const isHandled = expected.acknowledge === "onHandled"
    const promises: ReadonlyArray<readonly [string, boolean]> = [
      [`back within ${expected.within} s`, Math.max(...times) <= expected.within * 1_000],
      ["no event lost", !isHandled && expected.isExact !== true || tally.lost === 0],
      ["no event handled twice", isHandled && expected.isExact !== true || tally.twice === 0],
      ["never two owners", overlaps.length === 0],
      ["no connection left open by its owner", expected.mayBeReplaced === true || replaced.length === 0],
      [
        "nothing that Discord would punish",
        violations.every((violation) => expected.isUnheard === true && violation.startsWith("Heartbeat:"))
      ],
      ["no identify but those it takes", counts.identified === (expected.identified ?? shards)]
    ]
    const wrong = [...overlaps, ...violations]
    yield* verdict(
      [
        `${name}, ${expected.acknowledge}`,
        `  took: ${times.map(seconds).join(", ")}`,
        `  a session without a connection: ${gaps.length} times, ${seconds(median(gaps))} in the middle, ${
          seconds(Math.max(0, ...gaps))
        } at most`,
        `  events: ${tally.sent} sent, ${tally.lost} lost, ${tally.twice} handled twice`,
        `  sessions: ${counts.identified} identified, ${counts.resumed} resumed, ${counts.ended} ended; ${replaced.length} connections replaced`,
        ...strays(wrong, maxLines)
      ],
      promises,
      strays(tally.strays, Math.max(0, maxLines - wrong.length))
    )
  })

/** Three runners on PostgreSQL, each with its share. */
export const three = (
  { eventsPerSecond }: Settings,
  server: Server,
  more: Partial<Trial.Options> & Pick<Trial.Options, "fleet" | "acknowledge">
) =>
  Effect.gen(function*() {
    const trial = yield* Trial.make({
      shards,
      maxConcurrency,
      leaseSeconds,
      eventsPerSecond,
      database: () => server.url(server.port),
      runners: 3,
      ...more
    })
    const count = more.runners ?? 3
    yield* Effect.forEach(Array.from({ length: count }, (_, runner) => runner), trial.start)
    yield* trial.awaitShares(count)
    return trial
  })

export const elapsed = (effect: Effect.Effect<unknown>) =>
  Effect.suspend(() => {
    const since = performance.now()
    return Effect.map(effect, () => performance.now() - since)
  })

export const repeated = (times: number, act: (round: number) => Effect.Effect<number>) =>
  Effect.forEach(Array.from({ length: times }, (_, round) => round), act)

/** The usage of the command line. */
export const vesper = Trial.isBuilt
  ? [fileURLToPath(new URL("../../../cli/dist/bundle/bin.js", import.meta.url))]
  : [
    "--conditions=@vesper/source",
    "--import",
    "tsx",
    fileURLToPath(new URL("../../../cli/src/bin.ts", import.meta.url))
  ]
