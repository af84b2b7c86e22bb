/** The model: which event went into which session, what the reader got of it, and what must hold of the two. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"

export interface Ledger {
  /** The gateway took in an event; `sessions` are those of its shard, as they are then. */
  readonly sent: (shard: number, number: number, sessions: ReadonlyArray<GatewaySimulator.SessionInfo>) => void
  /** The program got an event. */
  readonly delivered: (shard: number, number: number) => void
  /** How many events each session was sent, and how many of them the program never got. */
  readonly sessions: () => ReadonlyMap<string, { readonly sent: number; readonly lost: number }>
  readonly counts: () => { readonly sent: number; readonly delivered: number; readonly lost: number }
  /** What is wrong; empty if all is well. `alive` are the sessions that have not ended. */
  readonly problems: (alive: ReadonlySet<string>) => ReadonlyArray<string>
}

/** Events are numbered from 1 in the order in which they are sent, over all sessions. */
export const make = (): Ledger => {
  const bySession = new Map<string, Array<number>>()
  const shards = new Map<string, number>()
  const byShard = new Map<number, Array<number>>()
  let sentCount = 0

  return {
    sent: (shard, number, sessions) => {
      // A shard never goes back to a session that it has left. Its own is the newest, and ids count upwards.
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
        // The end of a session may take along what came last, and nothing before that.
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
