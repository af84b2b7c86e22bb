/**
 * Vesper as the gateway of `@discordjs/core`'s `Client`: its typed events, and its requests for members, presences and voice states.
 *
 * @see https://discord.js.org/docs/packages/core/stable
 * @since 0.1.0
 */
import type { Gateway as CoreInterface } from "@discordjs/core"
import * as Fleet from "@vesper/gateway/Fleet"
import * as Shard from "@vesper/gateway/Shard"
import type * as ShardError from "@vesper/gateway/ShardError"
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"

type Listener = Parameters<CoreInterface["on"]>[1]

/**
 * A gateway for a `Client`. Events are delivered while `run` runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface CoreGateway extends CoreInterface {
  /**
   * Delivers the events of the shards to the client, in order. Ends when the program closes the shards, and fails when the gateway
   * closes them permanently. A listener that throws is logged.
   */
  readonly run: Effect.Effect<void, ShardError.FatallyClosedError>
}

/** A source of events and a way for commands. */
interface Source {
  readonly total: Effect.Effect<number>
  readonly command: (shard: number, command: Command.Command) => Effect.Effect<void, ShardError.SendError | Error>
  readonly forEach: (
    handle: (event: Dispatch.Dispatch, shard: number) => Effect.Effect<void>
  ) => Effect.Effect<void, ShardError.FatallyClosedError>
}

const fromSource = (source: Source): Effect.Effect<CoreGateway> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const listeners: Array<Listener> = []
    const runPromise = Runtime.runPromise(runtime)
    const deliver = (listener: Listener, event: Dispatch.Dispatch, shard: number) =>
      Effect.tryPromise({
        // Both are the payload of a dispatch, by Discord's documentation.
        try: async () => listener(event as Parameters<Listener>[0], shard),
        catch: (error) => error
      }).pipe(Effect.catchAll((error) => Effect.logError("A listener of the client has thrown", Cause.fail(error))))
    const gateway: CoreGateway = {
      getShardCount: () => runPromise(source.total),
      on: (_event, listener) => {
        listeners.push(listener)
        return gateway
      },
      // A command that core sends is one of those that Discord documents.
      send: (shard, payload) => runPromise(source.command(shard, payload as Command.Command)),
      run: source.forEach((event, shard) =>
        Effect.forEach(listeners, (listener) => deliver(listener, event, shard), { discard: true })
      )
    }
    return gateway
  })

/**
 * Makes the gateway of a `Client` on the shard in context.
 *
 * @example
 * ```ts
 * import { Client, GatewayDispatchEvents, InteractionType } from "@discordjs/core"
 * import { REST } from "@discordjs/rest"
 * import { CoreGateway } from "@vesper/discordjs"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const rest = new REST().setToken("token")
 *   const gateway = yield* CoreGateway.make
 *   const client = new Client({ rest, gateway })
 *   client.on(GatewayDispatchEvents.InteractionCreate, async ({ api, data }) => {
 *     if (data.type === InteractionType.ApplicationCommand && data.data.name === "ping") {
 *       await api.interactions.reply(data.id, data.token, { content: "pong" })
 *     }
 *   })
 *   yield* gateway.run
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<CoreGateway, never, Shard.Shard> = Effect.flatMap(Shard.Shard, (shard) =>
  fromSource({
    total: Effect.succeed(shard.id.total),
    command: (_, command) => shard.command(command),
    forEach: (handle) => shard.runForEach((event) => handle(event, shard.id.id))
  }))

/**
 * Makes the gateway of a `Client` on the fleet in context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFleet: Effect.Effect<CoreGateway, never, Fleet.Fleet> = Effect.flatMap(
  Fleet.Fleet,
  (fleet) =>
    fromSource({
      total: Effect.map(fleet.status, ({ total }) => total),
      command: (id, command) =>
        Effect.flatMap(
          fleet.shard(id),
          Option.match({
            onNone: () =>
              Effect.fail(new Error(`Shard ${id} is not in this process: send the command in the process that has it`)),
            onSome: (shard) => shard.command(command)
          })
        ),
      forEach: (handle) => fleet.runForEach(({ event, shard }) => handle(event, shard.id))
    })
)
