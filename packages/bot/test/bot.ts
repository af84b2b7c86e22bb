/** Runs features on events that a test makes. */
import * as Events from "@vesper/gateway/Events"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import type { APIInteraction } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Rest from "@vesper/bot/Rest"
import type { Discord } from "./discord.js"

const ready = { t: "READY", s: 1, op: 0, d: { application: { id: "290926798626357000" } } }

/** Builds the features, and returns how their bot handles an interaction. */
export const run = <E>(features: Layer.Layer<never, E, Rest.Rest | Events.Registry>, discord: Discord) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(discord.layer)
    const handle = Events.toHandler(yield* Effect.provide(Events.collect(features), context))
    // Handlers read these fields of the events only.
    const dispatch = (event: object) => handle({ event: event as Dispatch.Dispatch, shard: ShardId.single })
    return {
      ready: dispatch(ready),
      resumed: dispatch({ t: "RESUMED", s: 1, op: 0, d: {} }),
      handle: (interaction: APIInteraction) => dispatch({ t: "INTERACTION_CREATE", s: 2, op: 0, d: interaction })
    }
  })
