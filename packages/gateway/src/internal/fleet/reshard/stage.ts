/** The stages of a resharding, as a pure function of the facts about both sets. */
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import type { ReshardStage } from "../../../Fleet.js"
import type { ReshardError } from "./reshardError.js"

export const Stage = Data.taggedEnum<ReshardStage>()

export interface Facts {
  readonly shards: number
  /** Shards of the new set that have a session. */
  readonly identified: number
  /** Guilds that the new set's READYs named. */
  readonly guilds: number
  /** Guilds that have arrived on the new set. */
  readonly arrived: number
  /** Guilds with a common point. */
  readonly handedOver: number
  /** True once the new set has received every event of the old set. */
  readonly isOldDone: boolean
  readonly failure: Option.Option<ReshardError>
}

/** Returns the stage that the facts describe, whatever the stage before was. */
const progress = (facts: Facts): ReshardStage => {
  if (facts.identified < facts.shards) {
    return Stage.Prepare()
  }
  if (facts.arrived < facts.guilds) {
    return Stage.Overlap()
  }
  const remaining = facts.guilds - facts.handedOver
  return remaining > 0 ? Stage.HandOver({ remaining }) : Stage.Drain()
}

/**
 * Returns the next stage. Until `Drain`, a new shard that loses its session leads back to an earlier stage, and a failure
 * rolls back to the old set. `Drain` cannot be rolled back.
 */
export const next = (stage: ReshardStage, facts: Facts): ReshardStage => {
  switch (stage._tag) {
    case "Retire":
    case "RolledBack":
      return stage
    case "Drain":
      return facts.isOldDone ? Stage.Retire() : stage
    default:
      return Option.match(facts.failure, {
        onNone: () => progress(facts),
        onSome: (failure) => Stage.RolledBack({ failure })
      })
  }
}
