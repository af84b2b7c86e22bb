/** Shards and fleets for assembled bots, and features that record their events. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as EventType from "@vesper/model/EventType"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Events from "../src/Events.js"
import * as Fleet from "../src/Fleet.js"
import * as Shard from "../src/Shard.js"
import type * as ShardConfig from "../src/ShardConfig.js"
import { entries, layer } from "./harness.js"

export class Database extends Context.Tag("Database")<Database, { readonly name: string }>() {}

export class Unavailable {
  readonly _tag = "Unavailable"
}

/** Runs everything that does not need the clock to advance. */
export const settle = TestClock.adjust(1)

export const simulator = GatewaySimulator.GatewaySimulator

export const send = (...contents: ReadonlyArray<string>) =>
  Effect.flatMap(simulator, (gateway) =>
    Effect.forEach(
      contents,
      (content) => gateway.dispatch({ t: "MESSAGE_CREATE", d: { content, guild_id: "4194304" } }),
      { discard: true }
    ))

export const react = (n: number) =>
  Effect.flatMap(simulator, (gateway) =>
    Effect.forEach(
      Array.from({ length: n }),
      (_, i) => gateway.dispatch({ t: "MESSAGE_REACTION_ADD", d: { message_id: `${i}`, guild_id: "4194304" } }),
      { discard: true }
    ))

export const world = World.make({ seed: 3, guilds: 4, membersPerGuild: 1 })

export const environment = (config: Partial<ShardConfig.Options> = {}) =>
  layer({
    maxConcurrency: 16,
    simulator: { maxConcurrency: 16, world },
    config: { intents: Intents.none, ...config }
  })

/** A feature that records its events. Its layer is built after `time`. */
export const noting = (
  events: ReadonlyArray<EventType.EventType>,
  log: Array<string>,
  time: "0 seconds" | "3 seconds" = "0 seconds"
) =>
  Layer.unwrapEffect(Effect.as(
    Effect.sleep(time),
    Events.layer(Events.merge(
      ...events.map((event) =>
        Events.on<EventType.EventType, never, never>(event, ({ t }) => Effect.sync(() => log.push(t)))
      )
    ))
  ))

export type Features<E, R> = Layer.Layer<never, E, R>

/** A shard and a fleet of two shards, each with its own function to assemble it. */
export const bots = [
  {
    name: "a shard",
    shards: 1,
    make: Effect.map(Shard.make(ShardId.single), (shard) => ({
      assemble: <E, R>(features: Features<E, R>, options?: Events.AssembleOptions) =>
        Effect.provideService(Events.assemble(features, options), Shard.Shard, shard),
      shard: Effect.succeed(shard),
      connect: shard.connect,
      close: Effect.asVoid(shard.close(CloseFrame.RESUME)),
      events: Stream.map(shard.events, ({ t }) => t)
    }))
  },
  {
    name: "a fleet",
    shards: 2,
    make: Effect.map(Fleet.make({ shards: { total: 2 }, connect: "onRead" }), (fleet) => ({
      assemble: <E, R>(features: Features<E, R>, options?: Events.AssembleOptions) =>
        Effect.provideService(Events.assembleFleet(features, options), Fleet.Fleet, fleet),
      shard: Effect.orDie(Effect.flatten(fleet.shard(0))),
      // The shards buffer events, as those of a fleet that connects immediately do.
      connect: Effect.flatMap(fleet.shards, Effect.forEach(({ connect }) => connect, { discard: true })),
      close: Effect.asVoid(fleet.close(CloseFrame.RESUME)),
      events: Stream.map(fleet.events, ({ event }) => event.t)
    }))
  }
]

export const identifies = entries("Identified")
