/** Tests of types, which `tsc` checks. Running them has no further effect. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import type { GatewayMessageCreateDispatchData } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as GatewaySocket from "../src/GatewaySocket.js"
import type * as IdentifyQueue from "../src/IdentifyQueue.js"
import * as Shard from "../src/Shard.js"
import type * as ShardConfig from "../src/ShardConfig.js"
import type * as ShardError from "../src/ShardError.js"
import type * as Subscription from "../src/Subscription.js"

type Recoverable =
  | "CompressionError"
  | "DefectError"
  | "DeserializationError"
  | "IdentifyBudgetExhausted"
  | "ProtocolError"
  | "ReconnectError"
  | "SendingMessageError"

describe("types", () => {
  it("a handler for MESSAGE_CREATE sees the message", () => {
    const handle = (event: Dispatch.Dispatch) => {
      if (event.t === "MESSAGE_CREATE") {
        expectTypeOf(event.d).toEqualTypeOf<GatewayMessageCreateDispatchData>()
        expectTypeOf(event.d.content).toEqualTypeOf<string>()
        // @ts-expect-error a message has no such field
        return event.d.contents
      }
      // @ts-expect-error only a message has a content
      return event.d.content
    }
    assert.isFunction(handle)
    const stream = (shard: Shard.Shard) =>
      shard.events.pipe(
        Stream.filter((event) => event.t === "MESSAGE_CREATE"),
        Stream.map((event) => event.d)
      )
    expectTypeOf(stream).returns.toEqualTypeOf<
      Stream.Stream<GatewayMessageCreateDispatchData, ShardError.FatallyClosedError>
    >()
  })

  it("each union of errors has the tags that are promised, no more and no fewer", () => {
    expectTypeOf<ShardError.RecoverableError["_tag"]>().toEqualTypeOf<Recoverable>()
    expectTypeOf<ShardError.TerminalError["_tag"]>().toEqualTypeOf<"FatallyClosedError" | "ShardClosedError">()
    expectTypeOf<Effect.Effect.Error<Shard.Shard["nextEvent"]>["_tag"]>().toEqualTypeOf<
      Recoverable | "FatallyClosedError" | "ShardClosedError"
    >()
    expectTypeOf<Effect.Effect.Error<Shard.Shard["nextMessage"]>>().toEqualTypeOf<ShardError.ReceiveError>()
    expectTypeOf<Shard.Shard["events"]>().toEqualTypeOf<
      Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError>
    >()
    expectTypeOf<Effect.Effect.Error<ReturnType<Shard.Sender["command"]>>["_tag"]>().toEqualTypeOf<"SendError">()
    expectTypeOf<ShardError.SendError["reason"]>().toEqualTypeOf<"Sending" | "Serializing" | "TooLarge">()
    const handled = (error: ShardError.ReceiveError) => {
      switch (error._tag) {
        case "CompressionError":
        case "DefectError":
        case "DeserializationError":
        case "FatallyClosedError":
        case "IdentifyBudgetExhausted":
        case "ProtocolError":
        case "ReconnectError":
        case "SendingMessageError":
        case "ShardClosedError":
          return error._tag
      }
    }
    expectTypeOf(handled).returns.toBeString()
  })

  it("only a subscription that may overflow fails with that", () => {
    const subscribe = (shard: Shard.Shard) => ({
      byDefault: shard.subscribe(),
      dropping: shard.subscribe({ strategy: "dropOldest" }),
      failing: shard.subscribe({ strategy: "fail" })
    })
    type Subscribed = ReturnType<typeof subscribe>
    type Errors<E> = E extends Effect.Effect<Subscription.Subscription<infer A>, infer _, infer _R> ? A : "none such"
    expectTypeOf<Errors<Subscribed["byDefault"]>>().toBeNever()
    expectTypeOf<Errors<Subscribed["dropping"]>>().toBeNever()
    expectTypeOf<Errors<Subscribed["failing"]>>().toEqualTypeOf<Subscription.SubscriptionOverflowError>()
    expectTypeOf<Stream.Stream.Error<Subscription.Subscription["events"]>>().toEqualTypeOf<
      ShardError.FatallyClosedError
    >()
    assert.isFunction(subscribe)
    // A subscription without a scope would never end.
    expectTypeOf<Effect.Effect.Context<ReturnType<Shard.Shard["subscribe"]>>>().toEqualTypeOf<Scope.Scope>()
  })

  it("a shard needs its config, its queue, its socket and a scope, and each one is missed", () => {
    expectTypeOf<Effect.Effect.Context<ReturnType<typeof Shard.make>>>().toEqualTypeOf<
      ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket | Scope.Scope
    >()
    const without = (
      layers: {
        readonly noConfig: Layer.Layer<IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket | Scope.Scope>
        readonly noQueue: Layer.Layer<ShardConfig.ShardConfig | GatewaySocket.GatewaySocket | Scope.Scope>
        readonly noSocket: Layer.Layer<ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | Scope.Scope>
        readonly noScope: Layer.Layer<
          ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket
        >
      },
      run: (program: Effect.Effect<unknown>) => void
    ) => {
      const program = Shard.make({ id: 0, total: 1 } as Parameters<typeof Shard.make>[0])
      // @effect-diagnostics missingEffectContext:off
      // @ts-expect-error the config is missing
      run(Effect.provide(program, layers.noConfig))
      // @ts-expect-error the queue is missing
      run(Effect.provide(program, layers.noQueue))
      // @ts-expect-error the socket is missing
      run(Effect.provide(program, layers.noSocket))
      // @ts-expect-error the scope is missing
      run(Effect.provide(program, layers.noScope))
      run(Effect.scoped(Effect.provide(program, layers.noScope)))
    }
    assert.isFunction(without)
  })
})
