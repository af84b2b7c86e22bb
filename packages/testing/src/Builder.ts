/**
 * Events for tests: complete payloads as Discord documents them, with the fields that matter to the test.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as GatewaySimulator from "./GatewaySimulator.js"
import { Complete } from "./internal/payload/index.js"
import * as World from "./World.js"

/**
 * A value, or a part of it. Objects may be partial at every depth, arrays are replaced as a whole, and `undefined` removes
 * the field.
 *
 * @since 0.1.0
 * @category models
 */
export type Part<V> = V | (V extends ReadonlyArray<unknown> ? never : V extends object ? Fields<V> : never) | undefined

/**
 * Some fields of a body. Objects inside it are completed too, arrays are replaced as a whole, and `undefined` removes a
 * field.
 *
 * @since 0.1.0
 * @category models
 */
export type Fields<A> = { readonly [K in keyof A]?: Part<A[K]> }

/**
 * An event that `GatewaySimulator.dispatch` sends to the shard of its guild.
 *
 * @since 0.1.0
 * @category models
 */
export interface Built<T extends EventType.EventType> extends GatewaySimulator.Event {
  readonly t: T
  readonly d: Dispatch.DataOf<T>
}

/**
 * Makes any event: all documented fields with made-up values, except for those that are given. The same fields make the
 * same event, so that two different events need their own ids.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Builder } from "@vesper/testing"
 *
 * const typing = Builder.event("TYPING_START", { channel_id: "5", guild_id: undefined })
 * assert.strictEqual(typing.d.channel_id, "5")
 * assert.ok(!("guild_id" in typing.d))
 * assert.strictEqual(typeof typing.d.user_id, "string")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const event = <T extends EventType.EventType>(type: T, fields: Fields<Dispatch.DataOf<T>> = {}): Built<T> => {
  // The fixture is complete, and the fields have its types.
  const d = Complete.complete(type, fields as Readonly<Record<string, unknown>>) as Dispatch.DataOf<T>
  return { t: type, d, guildId: Complete.getGuildId(type, d) }
}

/**
 * Makes a message in a channel of a guild; with `guild_id: undefined, member: undefined` a direct message. It is an ordinary
 * message without a reply, a poll or an interaction, unless these fields are given.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Builder } from "@vesper/testing"
 *
 * const ping = Builder.message({ content: "!ping", author: { username: "ada" } })
 * assert.strictEqual(ping.t, "MESSAGE_CREATE")
 * assert.strictEqual(ping.d.author.username, "ada")
 * assert.strictEqual(typeof ping.d.author.id, "string")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const message = (fields: Fields<Dispatch.DataOf<"MESSAGE_CREATE">> = {}): Built<"MESSAGE_CREATE"> =>
  event("MESSAGE_CREATE", fields)

/**
 * Makes a reaction to a message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reaction = (
  fields: Fields<Dispatch.DataOf<"MESSAGE_REACTION_ADD">> = {}
): Built<"MESSAGE_REACTION_ADD"> => event("MESSAGE_REACTION_ADD", fields)

/**
 * Makes a member that joins a guild.
 *
 * @since 0.1.0
 * @category constructors
 */
export const member = (fields: Fields<Dispatch.DataOf<"GUILD_MEMBER_ADD">> = {}): Built<"GUILD_MEMBER_ADD"> =>
  event("GUILD_MEMBER_ADD", fields)

/**
 * Makes an interaction with the fields of its kind: by default a slash command; a button or select menu with its message,
 * a user or message command with its target, an autocompletion or a modal by `type` and `data.type`. With
 * `guild_id: undefined` it is in a direct message.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Builder } from "@vesper/testing"
 *
 * const press = Builder.interaction({ type: 3, data: { custom_id: "accept", component_type: 2 } })
 * assert.ok("message" in press.d)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const interaction = (
  fields: Fields<Dispatch.DataOf<"INTERACTION_CREATE">> = {}
): Built<"INTERACTION_CREATE"> => event("INTERACTION_CREATE", fields)

/**
 * Completes an event whose name and fields are known at run time only, in the first guild of a world. The body of an event
 * that Discord does not document is sent as it is.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Builder, World } from "@vesper/testing"
 *
 * const world = World.make({ guilds: 1 })
 * const hello = Builder.complete("MESSAGE_CREATE", { content: "hello" }, world)
 * assert.strictEqual(hello.guildId, world.guilds[0]?.id)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const complete = (type: string, fields: unknown, world: World.World = World.empty): GatewaySimulator.Event => {
  const d = Complete.completeIn(world, type, fields)
  return { t: type, d, guildId: Complete.getGuildId(type, d) }
}
