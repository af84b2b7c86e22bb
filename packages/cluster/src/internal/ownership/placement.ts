/**
 * Where the shards of a fleet belong: @effect/cluster shares a fixed number of slots out to runners, and slot `k` has the
 * shards whose id is `k` modulo that number. All of it is computed from the fleet's plan, so that all runners agree.
 */
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"

/** How many shards a fleet has, how many it is to have, and how many slots it is placed in. */
export interface Plan {
  /** 0 before the first runner has joined. */
  readonly total: number
  readonly next: Option.Option<number>
  /** As stored: see `slotsOf` for those in use. */
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

/** What is hosted as a whole: a shard, or a part while the fleet is resharded. */
export type Unit = ShardId.ShardId | Part

export const isPart = (unit: Unit): unit is Part => "plan" in unit

const partsOf = ({ next, total }: Plan): number =>
  Option.match(next, { onNone: () => total, onSome: (next) => ShardId.parts(total, next) })

/**
 * How many slots the plan is placed in. With a number that divides all totals, old and new shards have the same slot, and
 * a resharding moves nothing. Otherwise there is a slot for each part, or for each shard.
 */
export const slotsOf = (plan: Plan): number => {
  const parts = partsOf(plan)
  return plan.slots > 0 && (parts % plan.slots === 0 || Option.isNone(plan.next) && plan.slots > parts)
    ? plan.slots
    : Math.max(1, parts)
}

/** The units of a slot. */
export const unitsOf = (plan: Plan, slot: number): ReadonlyArray<Unit> => {
  const parts = partsOf(plan)
  const slots = slotsOf(plan)
  return Array.from({ length: Math.max(0, Math.ceil((parts - slot) / slots)) }, (_, index) => {
    const part = slot + index * slots
    return Option.match(plan.next, {
      onNone: (): Unit => ShardId.unsafeMake(part, plan.total),
      onSome: (to): Unit => ({ plan, from: plan.total, to, parts, part })
    })
  })
}

/** The slot that has a shard of the plan's total, and its guilds. */
export const slotOf = (plan: Plan, shard: number): number => (shard % Math.max(1, partsOf(plan))) % slotsOf(plan)

const idsOf = ({ part, parts }: Part, total: number): ReadonlyArray<ShardId.ShardId> =>
  Array.from({ length: total / parts }, (_, index) => ShardId.unsafeMake(part + index * parts, total))

/** The shards that a unit needs a lease on. The old ones of a part that is done are no more. */
export const shardsOf = (unit: Unit, done: ReadonlySet<number>): ReadonlyArray<ShardId.ShardId> =>
  isPart(unit)
    ? [...(done.has(unit.part) ? [] : idsOf(unit, unit.from)), ...idsOf(unit, unit.to)]
    : [unit]

/** The characters from `!` to the last one before the surrogates. */
const firstCharacter = 0x21
const lastCharacter = 0xd7ff

/**
 * A name for each slot, in one pass: @effect/cluster routes a message by a hash of a name. `slotOfName` is that hash; the
 * names are the same on every runner because they depend on it alone. The hash of one character is the character and a
 * constant, so that twice as many characters as slots are enough; digits would take a million for 4,000 slots.
 */
export const namesOf = (slots: number, slotOfName: (name: string) => number): ReadonlyArray<string> => {
  const names = new Array<string>(slots)
  let missing = slots
  for (let round = 0; missing > 0; round++) {
    for (let code = firstCharacter; missing > 0 && code <= lastCharacter; code++) {
      const name = String.fromCharCode(code) + (round === 0 ? "" : String(round))
      const slot = slotOfName(name)
      if (names[slot] === undefined) {
        names[slot] = name
        missing--
      }
    }
  }
  return names
}
