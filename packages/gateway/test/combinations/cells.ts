/** The dimensions of the table, its legal cells, and the guarantees of each cell. */
import type * as ShardConfig from "../../src/ShardConfig.js"
import type { Kind, Part } from "./readers.js"
import { kinds } from "./readers.js"
import type { Ledger, Record } from "./record.js"

export interface Mode {
  readonly acknowledge: ShardConfig.ShardConfig["acknowledge"]
  readonly hasStore: boolean
}

export const modes: ReadonlyArray<Mode> = [
  { acknowledge: "onReceive", hasStore: false },
  { acknowledge: "onReceive", hasStore: true },
  { acknowledge: "onHandled", hasStore: false },
  { acknowledge: "onHandled", hasStore: true }
]

export type Target =
  | "a shard"
  | "a fleet"
  | "a fleet while it is resharded"
  | "a cluster"
  | "a cluster while it is resharded"

export const targets: ReadonlyArray<Target> = [
  "a shard",
  "a fleet",
  "a fleet while it is resharded",
  "a cluster",
  "a cluster while it is resharded"
]

export const isCluster = (target: Target): boolean =>
  target === "a cluster" || target === "a cluster while it is resharded"

export const isResharded = (target: Target): boolean =>
  target === "a fleet while it is resharded" || target === "a cluster while it is resharded"

export type Life =
  | "steady"
  | "resume"
  | "new session"
  | "close and connect"
  | "interrupted readers"
  | "failing handlers"
  | "slow handlers"
  | "full buffer"
  | "clock jump"
  | "kill and restart"
  | "stop and restart"

export const lives: ReadonlyArray<Life> = [
  "steady",
  "resume",
  "new session",
  "close and connect",
  "interrupted readers",
  "failing handlers",
  "slow handlers",
  "full buffer",
  "clock jump",
  "kill and restart",
  "stop and restart"
]

export interface Cell {
  readonly kind: Kind
  readonly mode: Mode
  readonly target: Target
  readonly life: Life
  /** True for a cell in real time, in which a busy machine makes any reader slow. */
  readonly isRealTime?: boolean
}

const isHandlers = ({ promise }: Part) => promise === "handlers" || promise === "isolated"

const isRestart = (life: Life) => life === "kill and restart" || life === "stop and restart"

/** Describes the kinds of readers and lives that a cluster does not support. */
const illegalityOnCluster = ({ kind, life, mode, target }: Cell): string | undefined => {
  const runs = kind.parts.filter(({ isRun, promise }) => isRun === true && promise === "handlers")
  return runs.length > 1
    ? "a cluster runs one function: it has no second run of handlers"
    : kind.isSuccession
    ? "the handlers of a cluster run from its start on, and not after `nextEvent`"
    : life === "close and connect"
    ? "a runner that has left its cluster has ended: it has no `connect`"
    : life === "interrupted readers" && kind.parts.some(({ isRun }) => isRun === true)
    ? "the handlers of a cluster end with its runner"
    : !mode.hasStore
    ? "a cluster has its sessions in a database"
    : isResharded(target) && kind.parts.some(({ isRun }) => isRun !== true)
    ? "the streams of a cluster are those of its shards, and a resharding replaces the shards"
    : undefined
}

/** Describes why a cell is illegal. */
export const illegality = (cell: Cell): string | undefined => {
  const { kind, life, mode, target } = cell
  return isCluster(target)
    ? illegalityOnCluster(cell)
    : life === "close and connect" && target !== "a shard"
    ? "a fleet that was closed has ended: it has no `connect`"
    : kind.isSubscription && target === "a fleet while it is resharded"
    ? "a subscription is one of a shard, and a resharding replaces the shards: a fleet has no `subscribe`"
    : target === "a fleet while it is resharded" && !mode.hasStore && life !== "steady"
    ? "a store changes nothing for a resharding but its restarts: one life without a store shows that"
    : life === "clock jump" && !mode.hasStore
    ? "a clock that is set changes nothing that is not stored: one life with a store shows that"
    : isRestart(life) && !mode.hasStore
    ? "nothing of a session is left after the process without a store"
    : undefined
}

export const cells: ReadonlyArray<Cell> = kinds.flatMap((kind) =>
  targets.flatMap((target) => lives.flatMap((life) => modes.map((mode) => ({ kind, target, life, mode }))))
)

export const nameOf = ({ mode: { acknowledge, hasStore } }: Pick<Cell, "mode">): string =>
  `${acknowledge} ${hasStore ? "with" : "without"} a store`

interface Count {
  readonly of: "attempts" | "completions"
  readonly least: number
  readonly most: number
}

const exactlyOnce = (of: Count["of"]): Count => ({ of, least: 1, most: 1 })
const atMostOnce: Count = { of: "attempts", least: 0, most: 1 }
const atLeastOnce: Count = { of: "completions", least: 1, most: Number.POSITIVE_INFINITY }
const anyTimes: Count = { of: "attempts", least: 0, most: Number.POSITIVE_INFINITY }

/** The number of times that a reader begins or finishes each event. */
export const countOf = ({ isRealTime = false, kind, life, mode, target }: Cell, part: Part): Count => {
  const isOnHandled = mode.acknowledge === "onHandled"
  if (isHandlers(part)) {
    if (life === "kill and restart") {
      // After a process was killed in a resharding, the next one resumes the old shards, without the state of the new ones.
      return isOnHandled ? atLeastOnce : target === "a fleet while it is resharded" ? anyTimes : atMostOnce
    }
    return exactlyOnce(isOnHandled ? "completions" : "attempts")
  }
  if (isRestart(life)) {
    const isAlone = !kind.parts.some(isHandlers)
    return isOnHandled || !isAlone || target === "a fleet while it is resharded" ? anyTimes : atMostOnce
  }
  const isComplete = part.promise === "stream"
    ? life !== "interrupted readers" && life !== "failing handlers"
    : life === "steady" && !isRealTime
  return isComplete ? exactlyOnce("completions") : atMostOnce
}

/** Describes each event with a count outside of its limits. */
export const problemsOf = (cell: Cell, part: Part, record: Record, ledger: Ledger, dropped: number): Array<string> => {
  const { least, most, of } = countOf(cell, part)
  const wanted = ledger.wantedBy(record)
  const problems = wanted
    .map(({ n }) => [n, record[of](n)] as const)
    .filter(([, count]) => count < least || count > most)
    .map(([n, count]) => `${part.name}: ${count} ${of} of ${n}`)
  const completed = wanted.filter(({ n }) => record.completions(n) > 0).length
  const isWhole = !isRestart(cell.life) && cell.life !== "interrupted readers" && cell.life !== "failing handlers"
  if (isWhole && part.promise === "dropping" && completed + dropped !== wanted.length) {
    problems.push(`${part.name}: ${completed} received and ${dropped} dropped of ${wanted.length}`)
  }
  if (isWhole && part.promise === "failing" && !record.hasOverflowed && completed !== wanted.length) {
    problems.push(`${part.name}: ${completed} received of ${wanted.length} without an overflow`)
  }
  return [...record.problems, ...problems]
}
