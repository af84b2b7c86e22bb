import { Shard } from "@vesper/gateway"
import { DiscordGateway, TypeId } from "dfx/DiscordGateway"
import { Effect, Layer, Stream } from "effect"

export const layerDfxGateway = Layer.effect(
  DiscordGateway,
  Effect.map(Shard.Shard, (shard) =>
    ({
      [TypeId]: TypeId,
      dispatch: Stream.orDie(shard.events),
      fromDispatch: (name: string) =>
        shard.events.pipe(Stream.filter(({ t }) => t === name), Stream.map(({ d }) => d), Stream.orDie),
      handleDispatch: (name: string, handle: (data: unknown) => Effect.Effect<unknown>) =>
        Effect.zipRight(shard.runForEach((event) => event.t === name ? handle(event.d) : Effect.void), Effect.never),
      send: (payload: never) => Effect.as(Effect.orDie(shard.command(payload)), true),
      shards: Effect.succeed(new Set())
      // dfx has types of its own for the same payloads.
    }) as unknown as DiscordGateway)
)
