/** What the simulated gateway saw of a cluster: who was on which shard when, and how many identified. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export interface Witness {
  /** Moments at which a shard got a second connection while the first was open; should stay empty. */
  readonly overlaps: Array<string>
  /** What Discord would have punished; should stay empty. */
  readonly violations: Array<string>
  readonly counts: { identified: number; resumed: number; ended: number }
}

/** Watches from now on; the simulator's own log keeps only the last entries. */
export const make = (simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.gen(function*() {
    const witness: Witness = {
      overlaps: [],
      violations: [],
      counts: { identified: 0, resumed: 0, ended: 0 }
    }
    const open = new Map<number, number>()
    const enter = (shard: number | undefined, connection: number) => {
      if (shard === undefined) {
        return
      }
      for (const [other, of] of open) {
        if (of === shard && other !== connection) {
          witness.overlaps.push(`shard ${shard}: connection ${connection} came while ${other} was open`)
        }
      }
      open.set(connection, shard)
    }
    const see = (entry: LogEntry.LogEntry) => {
      switch (entry._tag) {
        case "Identified": {
          witness.counts.identified++
          return enter(entry.shard, entry.connection)
        }
        case "Resumed": {
          witness.counts.resumed++
          return enter(entry.shard, entry.connection)
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
            witness.overlaps.push(`shard ${entry.shard}: connection ${entry.connection} was open when it was resumed`)
          }
          open.delete(entry.connection)
        }
      }
    }
    yield* Effect.forkScoped(Stream.runForEach(simulator.logChanges, (entry) => Effect.sync(() => see(entry))))
    // The subscription is made by the fiber just forked.
    yield* Effect.sleep(20)
    return witness
  })
