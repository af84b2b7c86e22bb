/** How far a resharding is: one pure function of what is known of the two sets. */
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import type { ReshardStage } from "../../../Fleet.js"
import type { ReshardError } from "../../../FleetError.js"

export const Stage = Data.taggedEnum<ReshardStage>()

export interface Facts {
  /** Shards of the new set, and those of them that have a session. */
  readonly shards: number
  readonly identified: number
  /** Guilds that the new set was told of, those that arrived, and those that were handed over. */
  readonly guilds: number
  readonly arrived: number
  readonly handedOver: number
  /** No copy of what the old shards have received is to be received any more. */
  readonly isOldDone: boolean
  readonly failure: Option.Option<ReshardError>
}

/** As far as the new set is, without regard to what has been. */
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
 * What follows on a stage. Until all guilds are handed over a shard of the new set may lose its session, which leads
 * back, and a failure may end it all, for the old set still serves. From `Drain` there is no way back.
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
