/** The model: the events of each session, the events that the reader received, and the invariants of the two. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"

export interface Ledger {
  /** Records an event of the gateway. `sessions` are the current sessions. */
  readonly sent: (shard: number, number: number, sessions: ReadonlyArray<GatewaySimulator.SessionInfo>) => void
  /** Records an event that the program received. */
  readonly delivered: (shard: number, number: number) => void
  /** The number of events of each session, and of those that the program did not receive. */
  readonly sessions: () => ReadonlyMap<string, { readonly sent: number; readonly lost: number }>
  readonly counts: () => { readonly sent: number; readonly delivered: number; readonly lost: number }
  /** Returns the violations. `alive` are the sessions that have not ended. */
  readonly problems: (alive: ReadonlySet<string>) => ReadonlyArray<string>
}

/** Makes a ledger. Events are numbered from 1 over all sessions, in the order in which they are sent. */
export const make = (): Ledger => {
  const bySession = new Map<string, Array<number>>()
  const shards = new Map<string, number>()
  const byShard = new Map<number, Array<number>>()
  let sentCount = 0

  return {
    sent: (shard, number, sessions) => {
      // A shard never returns to an earlier session. The current one is the newest, and ids ascend.
      const newest = sessions.filter((session) => session.shard === shard).map(({ id }) => id).sort().at(-1)
      if (newest !== undefined) {
        sentCount++
        const numbers = bySession.get(newest)
        shards.set(newest, shard)
        if (numbers === undefined) {
          bySession.set(newest, [number])
        } else {
          numbers.push(number)
        }
      }
    },
    delivered: (shard, number) => {
      const all = byShard.get(shard)
      if (all === undefined) {
        byShard.set(shard, [number])
      } else {
        all.push(number)
      }
    },
    sessions: () => {
      const got = new Set(Array.from(byShard.values()).flat())
      return new Map(Array.from(bySession, ([session, numbers]) => [
        session,
        { sent: numbers.length, lost: numbers.filter((number) => !got.has(number)).length }
      ]))
    },
    counts: () => {
      const delivered = Array.from(byShard.values()).reduce((sum, all) => sum + all.length, 0)
      return { sent: sentCount, delivered, lost: sentCount - delivered }
    },
    problems: (alive) => {
      const problems: Array<string> = []
      for (const [shard, numbers] of byShard) {
        const disorder = numbers.findIndex((number, i) => i > 0 && number <= (numbers[i - 1] ?? 0))
        if (disorder > 0) {
          problems.push(`shard ${shard} got event ${numbers[disorder]} after ${numbers[disorder - 1]}`)
        }
      }
      const got = new Set(Array.from(byShard.values()).flat())
      for (const [session, numbers] of bySession) {
        const missing = numbers.findIndex((number) => !got.has(number))
        if (missing === -1) {
          continue
        }
        // The end of a session may lose its last events, but no earlier ones.
        const later = numbers.slice(missing).find((number) => got.has(number))
        if (later !== undefined) {
          problems.push(
            `session ${session} of shard ${shards.get(session)} lost event ${
              numbers[missing]
            }, though ${later} came later`
          )
        } else if (alive.has(session)) {
          problems.push(`session ${session} lives, and event ${numbers[missing]} never came`)
        }
      }
      return problems
    }
  }
}
