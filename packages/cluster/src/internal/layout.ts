/**
 * The seats that @effect/cluster shares out to runners: one for each shard, and while the bot is resharded, one for each
 * part of it.
 */
import * as ShardId from "@vesper/model/ShardId"
import * as Option from "effect/Option"
import type * as FleetView from "./fleetView.js"
import type { Part } from "./partHost.js"
import * as Slots from "./slots.js"

export interface Seat {
  readonly name: string
  readonly occupant: ShardId.ShardId | Part
}

export interface Layout {
  readonly seats: (plan: FleetView.Plan) => ReadonlyArray<Seat>
  /** The name of the seat that has a shard of the plan's total, and its guilds. */
  readonly seatOf: (plan: FleetView.Plan, shard: number) => string
}

/** How many seats there are, and what they are called. */
const shapeOf = (fleet: string, { next, total }: FleetView.Plan) =>
  Option.match(next, {
    onNone: () => ({ prefix: fleet, count: total }),
    onSome: (next) => ({ prefix: `${fleet}/parts`, count: ShardId.parts(total, next) })
  })

export const make = (fleet: string, slotOf: (name: string) => string): Layout => {
  // Names are searched: those of the last plan are kept.
  let known: { readonly prefix: string; readonly names: ReadonlyArray<string> } = { prefix: "", names: [] }
  const namesOf = (plan: FleetView.Plan) => {
    const { count, prefix } = shapeOf(fleet, plan)
    if (known.prefix !== prefix || known.names.length !== count) {
      known = { prefix, names: Slots.names(prefix, count, slotOf) }
    }
    return known.names
  }
  return {
    seats: (plan) =>
      namesOf(plan).map((name, part, { length: parts }): Seat => ({
        name,
        occupant: Option.match(plan.next, {
          onNone: () => ShardId.unsafeMake(part, parts),
          onSome: (to): Part => ({ plan, from: plan.total, to, parts, part })
        })
      })),
    seatOf: (plan, shard) => {
      const names = namesOf(plan)
      return names[shard % names.length] ?? ""
    }
  }
}
