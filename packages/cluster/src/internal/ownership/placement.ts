/**
 * The slots of a fleet, which @effect/cluster shares out to runners: slot `k` has the shards whose id is `k` modulo the
 * number of slots. All of it is computed from the fleet's plan, so that all runners agree.
 */
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"

export interface Plan {
  /** 0 before the first runner has joined. */
  readonly total: number
  /** The total after the resharding under way. */
  readonly next: Option.Option<number>
  /** As stored: see `countSlots` for those in use. */
  readonly slots: number
  /** Grows with each change of the plan. */
  readonly epoch: number
}

/** The old and new shards of a resharding whose guilds they have in common. */
export interface Part {
  readonly plan: Plan
  readonly from: number
  readonly to: number
  readonly parts: number
  readonly part: number
}

/** A shard, or a part while the fleet is resharded; it runs as a whole. */
export type Unit = ShardId.ShardId | Part

export const isPart = (unit: Unit): unit is Part => "plan" in unit

const countParts = ({ next, total }: Plan): number =>
  Option.match(next, { onNone: () => total, onSome: (next) => ShardId.parts(total, next) })

/** The number of slots in use: the stored one if it divides all totals, otherwise one for each part or shard. */
export const countSlots = (plan: Plan): number => {
  const parts = countParts(plan)
  return plan.slots > 0 && (parts % plan.slots === 0 || Option.isNone(plan.next) && plan.slots > parts)
    ? plan.slots
    : Math.max(1, parts)
}

export const listUnits = (plan: Plan, slot: number): ReadonlyArray<Unit> => {
  const parts = countParts(plan)
  const slots = countSlots(plan)
  return Array.from({ length: Math.max(0, Math.ceil((parts - slot) / slots)) }, (_, index) => {
    const part = slot + index * slots
    return Option.match(plan.next, {
      onNone: (): Unit => ShardId.unsafeMake(part, plan.total),
      onSome: (to): Unit => ({ plan, from: plan.total, to, parts, part })
    })
  })
}

/** The slot that has a shard of the plan's total, and its guilds. */
export const findSlot = (plan: Plan, shard: number): number => shard % Math.max(1, countParts(plan)) % countSlots(plan)

const listIds = ({ part, parts }: Part, total: number): ReadonlyArray<ShardId.ShardId> =>
  Array.from({ length: total / parts }, (_, index) => ShardId.unsafeMake(part + index * parts, total))

/** The shards that a unit needs a lease on. The old shards of a part that is done have ended. */
export const listShards = (unit: Unit, done: ReadonlySet<number> = new Set()): ReadonlyArray<ShardId.ShardId> =>
  isPart(unit) ? [...(done.has(unit.part) ? [] : listIds(unit, unit.from)), ...listIds(unit, unit.to)] : [unit]

/**
 * A name for each slot, in one pass. @effect/cluster routes a message by the hash of a name, which is `slotOfName`. The hash
 * of one character is the character plus a constant, so that twice as many characters as slots are enough.
 */
export const makeNames = (slots: number, slotOfName: (name: string) => number): ReadonlyArray<string> => {
  const names = new Map<number, string>()
  for (let round = 0; names.size < slots; round++) {
    // The characters from `!` to the last one before the surrogates.
    for (let code = 0x21; names.size < slots && code <= 0xd7ff; code++) {
      const name = String.fromCharCode(code) + (round === 0 ? "" : String(round))
      const slot = slotOfName(name)
      names.set(slot, names.get(slot) ?? name)
    }
  }
  return Array.from({ length: slots }, (_, slot) => names.get(slot) ?? "")
}
