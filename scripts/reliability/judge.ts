/** Holds what shards said against what the gateway saw. */
import type { Ledger } from "../../packages/gateway/test/history/ledger.js"
import * as Setting from "./setting.js"
import type { Watch } from "./watch.js"
import type { Word } from "./witness.js"

/** Attempts to resume before a shard may leave a session that the gateway has not ended. */
const budget = Setting.resumeAttempts * 2

/** The end of a session; only some are correct. */
export type End =
  | "alive"
  | "ended by the gateway"
  | "given up after its resumes"
  | "never reached its shard"
  | "killed before it was saved"
  | "lost"

export interface Judge {
  readonly tell: (shard: number) => (word: Word) => void
  /** A process was killed, and the session that it had is in none of its files. */
  readonly unsaved: (session: string) => void
  /** Reasons for connections that could not be opened, with their counts. */
  readonly unreachable: ReadonlyMap<string, number>
  /** Problems at the end of the run; `alive` are the sessions that are connected. */
  readonly problems: (ledger: Ledger, alive: ReadonlySet<string>) => ReadonlyArray<string>
  /** Counts of sessions by their end, and of the events that were lost with them. */
  readonly ends: (
    ledger: Ledger,
    alive: ReadonlySet<string>
  ) => ReadonlyMap<End, { readonly sessions: number; readonly events: number }>
}

const add = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1)

export const make = (watch: Watch): Judge => {
  const held = new Set<string>()
  const resumes = new Map<string, number>()
  const connected = new Map<number, number>()
  const stops = new Map<string, { readonly shard: number; readonly code: number; count: number }>()
  const unsaved = new Set<string>()
  const lies: Array<string> = []
  const unreachable = new Map<string, number>()

  const tell = (shard: number) => (word: Word) => {
    switch (word._tag) {
      case "Held":
        held.add(word.session)
        add(connected, shard)
        break
      case "Left":
        resumes.set(word.session, word.resumes)
        break
      case "Leapt":
        lies.push(`shard ${shard} went from ${word.from} to ${word.to}`)
        break
      case "Stopped": {
        const key = `${shard} ${word.code}`
        stops.set(key, { shard, code: word.code, count: (stops.get(key)?.count ?? 0) + 1 })
        break
      }
      case "Unreachable":
        add(unreachable, word.why)
    }
  }

  const endOf = (session: string, alive: ReadonlySet<string>): End => {
    if (alive.has(session)) {
      return "alive"
    }
    if (watch.ended.has(session)) {
      return "ended by the gateway"
    }
    if ((resumes.get(session) ?? 0) >= budget) {
      return "given up after its resumes"
    }
    if (unsaved.has(session)) {
      return "killed before it was saved"
    }
    return held.has(session) ? "lost" : "never reached its shard"
  }

  const problems: Judge["problems"] = (ledger, alive) => {
    const sessions = ledger.sessions()
    const all = lies.slice()
    for (const { session, shard } of watch.begun) {
      const end = endOf(session, alive)
      const { lost, sent } = sessions.get(session) ?? { lost: 0, sent: 0 }
      if (end === "lost") {
        const tried = resumes.get(session)
        all.push(
          `shard ${shard} left session ${session}, which the gateway still had, after ` +
            `${tried ?? "an unknown number of"} resumes; its budget is ${budget}`
        )
      }
      if (end === "never reached its shard" && lost < sent) {
        all.push(`shard ${shard} got events of session ${session}, and has never said that it is connected with it`)
      }
      if (watch.ended.get(session) === "the client closed it") {
        all.push(`shard ${shard} has ended session ${session}, which it could have resumed`)
      }
    }
    for (const [shard, count] of connected) {
      if (count > watch.established(shard)) {
        all.push(
          `shard ${shard} was Connected ${count} times, and the gateway had it ${watch.established(shard)} times`
        )
      }
    }
    for (const { code, count, shard } of stops.values()) {
      if (count > watch.closedWith(shard, code)) {
        all.push(`shard ${shard} says that it was closed with ${code} ${count} times, and the gateway does not`)
      }
    }
    return all
  }

  const ends: Judge["ends"] = (ledger, alive) => {
    const sessions = ledger.sessions()
    const found = new Map<End, { sessions: number; events: number }>()
    for (const { session } of watch.begun) {
      const end = endOf(session, alive)
      const before = found.get(end) ?? { sessions: 0, events: 0 }
      found.set(end, { sessions: before.sessions + 1, events: before.events + (sessions.get(session)?.lost ?? 0) })
    }
    return found
  }

  return { tell, unsaved: (session) => void unsaved.add(session), unreachable, problems, ends }
}
