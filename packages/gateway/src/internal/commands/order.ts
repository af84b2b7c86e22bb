/** The order in which a queue writes commands, and the command that a newer one replaces. Pure decisions. */
import * as Equal from "effect/Equal"
import * as Kind from "./kind.js"

/** A command in the queue. */
export interface Queued {
  readonly kind: Kind.CommandKind
  /** The command is being written and can no longer be replaced. */
  readonly isWriting: boolean
}

/** The kinds that have exhausted their own rate limit. */
export interface Limited {
  readonly presences: boolean
  readonly bulk: boolean
}

export const noneLimited: Limited = { presences: false, bulk: false }

/** Returns the index of the command that a newer one of its kind replaces; -1 without one. */
export const indexOfReplaced = (queue: ReadonlyArray<Queued>, kind: Kind.CommandKind): number =>
  Kind.isState(kind) ? queue.findIndex((queued) => !queued.isWriting && Equal.equals(queued.kind, kind)) : -1

/** The number of other commands that are written before a waiting bulk request. */
export const maxPassing = 4

/**
 * Returns the index of the command to write next; -1 without one. Commands are written in the order given, with two
 * exceptions: other commands pass the limited kinds, and `maxPassing` others pass a bulk request. `passed` counts the others
 * since the last bulk request.
 */
export const indexOfNext = (queue: ReadonlyArray<Queued>, limited: Limited, passed: number): number => {
  const firstBulk = limited.bulk ? -1 : queue.findIndex(({ kind }) => kind._tag === "Bulk")
  if (firstBulk !== -1 && passed >= maxPassing) {
    return firstBulk
  }
  const firstOther = queue.findIndex(({ kind }) =>
    kind._tag !== "Bulk" && !(limited.presences && kind._tag === "Presence")
  )
  return firstOther === -1 ? firstBulk : firstOther
}

/** Returns `passed` after a command of `kind` was written. */
export const countPassed = (queue: ReadonlyArray<Queued>, kind: Kind.CommandKind, passed: number): number =>
  kind._tag !== "Bulk" && queue.some((queued) => queued.kind._tag === "Bulk") ? passed + 1 : 0
