/** Handlers of the events of a fleet that receive the event and its shard as two arguments, without an object for both. */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as ShardId from "@vesper/model/ShardId"
import type * as Effect from "effect/Effect"
import type * as Fleet from "../../../Fleet.js"

type Handle<E, R> = (event: Dispatch.Dispatch, shard: ShardId.ShardId) => Effect.Effect<unknown, E, R>

const inner: unique symbol = Symbol("@vesper/gateway/FleetHandler")

export interface FleetHandler<E, R> {
  (event: Fleet.FleetEvent): Effect.Effect<unknown, E, R>
  readonly [inner]?: Handle<E, R>
}

/** Makes a handler for `Fleet.runForEach`, of which a fleet calls only the inner function. */
export const make = <E, R>(handle: Handle<E, R>): FleetHandler<E, R> =>
  Object.assign(({ event, shard }: Fleet.FleetEvent) => handle(event, shard), { [inner]: handle })

/** Returns the inner function of a handler, or one that makes the object of both. */
export const toHandle = <E, R>(handler: FleetHandler<E, R>): Handle<E, R> =>
  handler[inner] ?? ((event, shard) => handler({ shard, event }))
