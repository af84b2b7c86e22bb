/** Records the reports of a shard, for comparison with the gateway's log. */
import type * as Diagnostic from "@vesper/gateway/Diagnostic"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardError from "@vesper/gateway/ShardError"
import type * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

/** Something that a shard said, in a form that also fits into a line of a file. */
export type Word =
  /** It was Connected, with this session. */
  | { readonly _tag: "Held"; readonly session: string }
  /** It left a session that could be resumed for a new one, after so many attempts to resume. */
  | { readonly _tag: "Left"; readonly session: string; readonly resumes: number }
  /** Its status went where it cannot go. */
  | { readonly _tag: "Leapt"; readonly from: string; readonly to: string }
  /** Its status said that the gateway closed it permanently. */
  | { readonly _tag: "Stopped"; readonly code: number }
  /** A connection could not be made, by the name that Node has for the reason. */
  | { readonly _tag: "Unreachable"; readonly why: string }

type Status = ShardStatus.ShardStatus["_tag"]

/** The allowed changes of a status. */
const ways: Readonly<Record<Status, ReadonlyArray<Status>>> = {
  Disconnected: ["Disconnected", "Connecting"],
  Connecting: ["Identifying", "Resuming", "Disconnected", "FatallyClosed"],
  Identifying: ["Connected", "Disconnected", "FatallyClosed"],
  Resuming: ["Connected", "Disconnected", "FatallyClosed"],
  Connected: ["Disconnected", "FatallyClosed"],
  FatallyClosed: []
}

/** The innermost reason that has a code, such as ENOTFOUND; errors wrap each other. */
const codeOf = (error: ShardError.RecoverableError): string | undefined => {
  let found: string | undefined
  for (let cause: unknown = error; Predicate.isRecord(cause) || cause instanceof Error;) {
    const inner: unknown = cause
    if (Predicate.hasProperty(inner, "code") && typeof inner.code === "string") {
      found = inner.code
    }
    cause = Predicate.hasProperty(inner, "cause") ? inner.cause : undefined
  }
  return found
}

/** Listens to a shard for as long as it lives. `tell` is called as soon as it has said something. */
export const listen = (shard: Shard.Shard, tell: (word: Word) => void): Effect.Effect<void> => {
  let session: string | undefined
  // The first connection of a process resumes what an earlier one left.
  let resumes = 1
  let last: Status = "Disconnected"

  const onStatus = (status: ShardStatus.ShardStatus, current: string | undefined) => {
    if (status._tag !== last && !ways[last].includes(status._tag)) {
      tell({ _tag: "Leapt", from: last, to: status._tag })
    }
    last = status._tag
    if (status._tag === "FatallyClosed") {
      tell({ _tag: "Stopped", code: status.closeCode })
    }
    if (status._tag === "Connected") {
      resumes = 0
      session = current
      if (current !== undefined) {
        tell({ _tag: "Held", session: current })
      }
    }
  }

  const onDiagnostic = (diagnostic: Diagnostic.Diagnostic, current: string | undefined) => {
    if (diagnostic._tag === "Failure") {
      const why = codeOf(diagnostic.error)
      if (why !== undefined) {
        tell({ _tag: "Unreachable", why })
      }
    }
    if (diagnostic._tag !== "Reconnecting") {
      return
    }
    if (diagnostic.next === "resume") {
      resumes++
      session = current
    } else if (session !== undefined) {
      tell({ _tag: "Left", session, resumes })
      session = undefined
    }
  }

  const said = Stream.merge(
    Stream.map(shard.statusChanges, (status) => ({ _tag: "Status" as const, status })),
    Stream.map(shard.diagnostics, (diagnostic) => ({ _tag: "Diagnostic" as const, diagnostic }))
  )
  return Stream.runForEach(said, (word) =>
    Effect.map(shard.session, (current) => {
      const id = Option.getOrUndefined(current)?.id
      if (word._tag === "Diagnostic") {
        onDiagnostic(word.diagnostic, id)
      } else {
        onStatus(word.status, id)
      }
    }))
}
