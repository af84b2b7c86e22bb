/** Reads the state of shards and sessions from a gateway's log while it is written. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** A session that the gateway has begun. */
export interface Begun {
  readonly session: string
  readonly shard: number
}

export interface Watch {
  /** Reads for ever. */
  readonly run: Effect.Effect<void>
  readonly violations: ReadonlyArray<string>
  /** In milliseconds, from the loss of a shard's connection to the next one with a session. */
  readonly recoveries: ReadonlyArray<number>
  /** In the order in which they began. */
  readonly begun: ReadonlyArray<Begun>
  /** The sessions that the gateway has ended, and why. */
  readonly ended: ReadonlyMap<string, string>
  /** True if the gateway has a connection with a session of the shard. */
  readonly isOpen: (shard: number) => boolean
  /** The number of the shard's connections that had a session. */
  readonly established: (shard: number) => number
  /** The number of the shard's connections that the gateway has closed with the code. */
  readonly closedWith: (shard: number, code: number) => number
  readonly counts: () => { readonly identified: number; readonly resumed: number; readonly commands: number }
}

const add = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** Voice states are the commands that a run sends. */
const commandOpcode = 4

export const make = (simulator: GatewaySimulator.GatewaySimulator): Watch => {
  const violations: Array<string> = []
  const recoveries: Array<number> = []
  const begun: Array<Begun> = []
  const ended = new Map<string, string>()
  const lostAt = new Map<number, number>()
  const open = new Map<number, number>()
  const established = new Map<number, number>()
  const closes = new Map<string, number>()
  let [resumed, commands] = [0, 0]

  const back = (shard: number, connection: number, at: number) => {
    open.set(shard, connection)
    add(established, shard)
    const lost = lostAt.get(shard)
    if (lost !== undefined) {
      recoveries.push(at - lost)
      lostAt.delete(shard)
    }
  }

  const run = Stream.runForEach(simulator.logChanges, (entry) =>
    Effect.sync(() => {
      const shard = entry.shard ?? -1
      switch (entry._tag) {
        case "Violation":
          // The guilds of the commands are made up.
          if (entry.rule === "UnknownGuild") {
            break
          }
          violations.push(`${entry.rule}: ${entry.detail} (shard ${shard})`)
          break
        case "Identified":
          begun.push({ session: entry.session, shard })
          back(shard, entry.connection, entry.at)
          break
        case "Resumed":
          resumed++
          back(shard, entry.connection, entry.at)
          break
        case "Received":
          commands += entry.op === commandOpcode ? 1 : 0
          break
        case "SessionEnded":
          ended.set(entry.session, entry.why)
          break
        case "Closed":
          if (entry.by === "gateway") {
            add(closes, `${shard} ${entry.code}`)
          }
          if (open.get(shard) === entry.connection) {
            open.delete(shard)
            lostAt.set(shard, entry.at)
          }
          break
        default:
      }
    }))

  return {
    run,
    violations,
    recoveries,
    begun,
    ended,
    isOpen: (shard) => open.has(shard),
    established: (shard) => established.get(shard) ?? 0,
    closedWith: (shard, code) => closes.get(`${shard} ${code}`) ?? 0,
    counts: () => ({ identified: begun.length, resumed, commands })
  }
}
