/**
 * What @effect/cluster asks of its storage, answered by the fleet's rows: its locks are the leases. It never learns of a
 * failure, because it would drop all shards of the runner after a few: what cannot be asked is answered from what is known.
 */
import * as ClusterShardId from "@effect/cluster/ShardId"
import * as MachineId from "@effect/cluster/MachineId"
import * as Runner from "@effect/cluster/Runner"
import type * as RunnerStorage from "@effect/cluster/RunnerStorage"
import { PersistenceError } from "@effect/cluster/ClusterError"
import * as Effect from "effect/Effect"
import { instant } from "./instant.js"
import type * as Ownership from "./ownership.js"
import type * as OwnershipRows from "./ownershipRows.js"

/** @effect/cluster numbers its shards from one. */
export const shardIdOf = (group: string, slot: number): ClusterShardId.ShardId => ClusterShardId.make(group, slot + 1)

const slotOf = ({ id }: ClusterShardId.ShardId): number => id - 1

/** The runners that are alive, as one look after the other tells. */
export const makeLiveRunners = () => {
  let before: ReadonlySet<string> = new Set()
  const known = new Map<string, Runner.Runner>()
  return (look: OwnershipRows.Look, self: string, isSuspect: boolean): ReadonlyArray<Runner.Runner> => {
    const alive = look.runners.filter(({ expiresAt, id }) =>
      id === self || expiresAt > look.now || isSuspect && before.has(id)
    )
    before = new Set(alive.map(({ id }) => id))
    // A runner that was started again at the same address has two rows until the old one expires: the own one counts.
    const ordered = alive.sort((a, b) => Number(a.id === self) - Number(b.id === self))
    const byAddress = new Map<string, Runner.Runner>()
    for (const { runner } of ordered) {
      const decoded = known.get(runner) ?? Runner.Runner.decodeSync(runner)
      known.set(runner, decoded)
      byAddress.set(`${decoded.address.host}:${decoded.address.port}`, decoded)
    }
    return Array.from(byAddress.values())
  }
}

export const make = (options: {
  readonly group: string
  readonly self: string
  readonly rows: OwnershipRows.OwnershipRows
  readonly ownership: Ownership.Ownership
  /** Called with what each look at the database has found. */
  readonly onLook: (look: OwnershipRows.Look) => Effect.Effect<void>
  /** False once another placement has taken over: then nothing is given back any more. */
  readonly isCurrent: () => boolean
}): RunnerStorage.RunnerStorage["Type"] => {
  const { group, ownership, rows, self } = options
  const liveRunners = makeLiveRunners()
  let known: ReadonlyArray<Runner.Runner> = []
  const persistence = Effect.mapError((cause: Error) => new PersistenceError({ cause }))
  const whileCurrent = (effect: Effect.Effect<void>) => Effect.suspend(() => options.isCurrent() ? effect : Effect.void)
  return {
    register: (runner) =>
      Effect.map(persistence(rows.register(Runner.Runner.encodeSync(runner))), (id) => MachineId.make(id)),
    // The runner ends or builds its engine anew, and sees to its row itself.
    unregister: () => Effect.void,
    setRunnerHealth: () => Effect.void,
    getRunners: Effect.zipRight(Effect.ignore(rows.reclaimDead), rows.look).pipe(
      Effect.tap((look) =>
        Effect.flatMap(instant, (now) => {
          ownership.clock.observe(look.now, now)
          known = liveRunners(look, self, ownership.clock.isSuspect(now))
          return options.onLook(look)
        })
      ),
      Effect.catchAll((error) =>
        known.length > 0 ? Effect.logDebug(`the runners are not known: ${error.message}`) : Effect.fail(error)
      ),
      persistence,
      Effect.map(() => known.map((runner) => [runner, true] as const))
    ),
    acquire: (_, shardIds) =>
      Effect.map(
        ownership.acquire(Array.from(shardIds, slotOf)),
        (slots) => slots.map((slot) => shardIdOf(group, slot))
      ),
    refresh: (_, shardIds) =>
      Effect.sync(() => Array.from(shardIds).filter((shardId) => ownership.unsafeIsHeld(slotOf(shardId)))),
    release: (_, shardId) => whileCurrent(ownership.release(slotOf(shardId))),
    releaseAll: () => whileCurrent(ownership.releaseAll)
  }
}
