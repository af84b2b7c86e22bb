/** Observations of a cluster by the simulated gateway: connections of each shard, and counts of sessions. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export interface Witness {
  /** Moments at which a shard got a second connection while the first was open; should stay empty. */
  readonly overlaps: Array<string>
  /** Violations of Discord's rules; should stay empty. */
  readonly violations: Array<string>
  readonly counts: { identified: number; resumed: number; ended: number }
  /** Connections that were still open when their session was resumed on another one, and closed for that. */
  readonly replaced: Array<string>
  /** The times in milliseconds for which a session had no connection, except after its end. */
  readonly gaps: Array<number>
}

/** Watches from now on; the simulator's own log keeps only the last entries. */
export const make = (simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.gen(function*() {
    const witness: Witness = {
      overlaps: [],
      violations: [],
      counts: { identified: 0, resumed: 0, ended: 0 },
      replaced: [],
      gaps: []
    }
    const open = new Map<number, string>()
    const left = new Map<string, number>()
    // Shards of two totals are other shards, though their ids are the same.
    const totals = new Map<string, number>()
    const enter = (
      entry: { readonly shard: number | undefined; readonly connection: number; readonly session: string }
    ) => {
      const shard = `${entry.shard}/${totals.get(entry.session)}`
      for (const [other, of] of open) {
        if (of === shard && other !== entry.connection) {
          witness.overlaps.push(`shard ${shard}: connection ${entry.connection} came while ${other} was open`)
        }
      }
      open.set(entry.connection, shard)
      const since = left.get(shard)
      if (since !== undefined) {
        witness.gaps.push(performance.now() - since)
        left.delete(shard)
      }
    }
    const see = (entry: LogEntry.LogEntry) => {
      switch (entry._tag) {
        case "Identified": {
          witness.counts.identified++
          return enter(entry)
        }
        case "Resumed": {
          witness.counts.resumed++
          return enter(entry)
        }
        case "SessionEnded": {
          witness.counts.ended++
          return
        }
        case "Violation": {
          witness.violations.push(`${entry.rule}: ${entry.detail}`)
          return
        }
        case "Closed": {
          if (entry.reason === "resumed elsewhere") {
            witness.replaced.push(`shard ${entry.shard}: connection ${entry.connection} was open when it was resumed`)
          }
          const shard = open.get(entry.connection)
          if (shard !== undefined && entry.code !== 1_000) {
            left.set(shard, performance.now())
          }
          open.delete(entry.connection)
        }
      }
    }
    const learn = Effect.map(simulator.sessions, (sessions) => {
      sessions.forEach(({ id, total }) => totals.set(id, total))
    })
    yield* Effect.forkScoped(Stream.runForEach(
      simulator.logChanges,
      (entry) => Effect.zipRight(entry._tag === "Identified" ? learn : Effect.void, Effect.sync(() => see(entry)))
    ))
    // The subscription is made by the fiber just forked.
    yield* Effect.sleep(20)
    return witness
  })
