/**
 * @effect/cluster's storage, answered by the fleet's rows: its locks are the leases. It does not fail with the database,
 * because @effect/cluster would drop all shards of the runner: a read that fails is answered from memory.
 */
import { PersistenceError } from "@effect/cluster/ClusterError"
import * as MachineId from "@effect/cluster/MachineId"
import * as Runner from "@effect/cluster/Runner"
import type * as RunnerStorage from "@effect/cluster/RunnerStorage"
import * as ClusterShardId from "@effect/cluster/ShardId"
import * as Effect from "effect/Effect"
import type * as Ownership from "./ownership.js"
import type * as LeaseTable from "./leaseTable.js"

/** @effect/cluster numbers its shards from one. */
export const toShardId = (group: string, slot: number): ClusterShardId.ShardId => ClusterShardId.make(group, slot + 1)
const toSlot = ({ id }: ClusterShardId.ShardId): number => id - 1

/** Returns a function that finds the runners that are alive in one look after the other. */
const makeLiveRunners = (self: string) => {
  let before: ReadonlySet<string> = new Set()
  const known = new Map<string, Runner.Runner>()
  return ({ isSuspect, runners }: LeaseTable.Look): ReadonlyArray<Runner.Runner> => {
    const alive = runners.filter(({ id, isAlive }) => id === self || isAlive || isSuspect && before.has(id))
    before = new Set(alive.map(({ id }) => id))
    const byAddress = new Map<string, Runner.Runner>()
    // A runner that was started again at the same address has two rows until the old one expires: its own is the last.
    for (const { runner } of alive.sort((a, b) => Number(a.id === self) - Number(b.id === self))) {
      const decoded = known.get(runner) ?? Runner.Runner.decodeSync(runner)
      known.set(runner, decoded)
      byAddress.set(`${decoded.address.host}:${decoded.address.port}`, decoded)
    }
    return Array.from(byAddress.values())
  }
}

export const make = (
  group: string,
  self: string,
  rows: LeaseTable.LeaseTable,
  ownership: Ownership.Ownership,
  onLook: (look: LeaseTable.Look) => Effect.Effect<void>
): RunnerStorage.RunnerStorage["Type"] => {
  const liveRunners = makeLiveRunners(self)
  let known: ReadonlyArray<Runner.Runner> = []
  const persistence = Effect.mapError((cause: Error) => new PersistenceError({ cause }))
  return {
    register: (runner) =>
      Effect.map(persistence(rows.register(Runner.Runner.encodeSync(runner))), (id) => MachineId.make(id)),
    // The fleet removes its row itself.
    unregister: () => Effect.void,
    setRunnerHealth: () => Effect.void,
    getRunners: Effect.zipRight(Effect.ignore(rows.reclaimDead), rows.look).pipe(
      Effect.tap((look) => {
        known = liveRunners(look)
        return onLook(look)
      }),
      Effect.catchAll((error) => known.length > 0 ? Effect.void : Effect.fail(error)),
      persistence,
      Effect.map(() => known.map((runner) => [runner, true] as const))
    ),
    acquire: (_, shardIds) =>
      Effect.map(
        ownership.acquire(Array.from(shardIds, toSlot)),
        (slots) => slots.map((slot) => toShardId(group, slot))
      ),
    refresh: (_, shardIds) =>
      Effect.sync(() => Array.from(shardIds).filter((shardId) => ownership.unsafeIsHeld(toSlot(shardId)))),
    release: (_, shardId) => ownership.release(toSlot(shardId)),
    releaseAll: () => ownership.releaseAll
  }
}
