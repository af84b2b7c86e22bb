/**
 * Events for tests: a full payload as Discord documents it, with what matters to the test put in.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import * as Predicate from "effect/Predicate"
import * as Fixture from "./Fixture.js"
import type * as GatewaySimulator from "./GatewaySimulator.js"

/**
 * Some fields of a body. Objects within are completed as well, arrays stand as they are, and `undefined` leaves a field
 * out.
 *
 * @since 0.1.0
 * @category models
 */
export type Fields<A> = {
  readonly [K in keyof A]?:
    | A[K]
    | (A[K] extends ReadonlyArray<unknown> ? never : A[K] extends object ? Partial<A[K]> : never)
    | undefined
}

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

const merge = (whole: unknown, fields: unknown): unknown => {
  if (!Predicate.isRecord(whole) || !Predicate.isRecord(fields)) {
    return fields
  }
  const merged: Record<string, unknown> = { ...whole }
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) {
      delete merged[name]
    } else {
      merged[name] = merge(merged[name], value)
    }
  }
  return merged
}

const guildOf = (type: EventType.EventType, d: unknown): string | undefined => {
  const id = Predicate.hasProperty(d, "guild_id")
    ? d.guild_id
    : /^GUILD_(CREATE|UPDATE|DELETE)$/.test(type) && Predicate.hasProperty(d, "id")
    ? d.id
    : undefined
  return typeof id === "string" ? id : undefined
}

/**
 * Any event: all fields that the documentation has, with made-up values, but for those given. The same fields give the
 * same event: what is to have an id of its own is given one.
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
  // What the fixture has is whole, and the fields are of its types.
  const d = merge(Fixture.of(type).d, fields) as Dispatch.DataOf<T>
  return { t: type, d, guildId: guildOf(type, d) }
}

/**
 * A message in a channel of a guild; in a direct message with `guild_id: undefined, member: undefined`.
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
 * A reaction to a message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const reaction = (
  fields: Fields<Dispatch.DataOf<"MESSAGE_REACTION_ADD">> = {}
): Built<"MESSAGE_REACTION_ADD"> => event("MESSAGE_REACTION_ADD", fields)

/**
 * Somebody who has joined a guild.
 *
 * @since 0.1.0
 * @category constructors
 */
export const member = (fields: Fields<Dispatch.DataOf<"GUILD_MEMBER_ADD">> = {}): Built<"GUILD_MEMBER_ADD"> =>
  event("GUILD_MEMBER_ADD", fields)

/**
 * A command, a button, or whatever else a user of the bot does to it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const interaction = (
  fields: Fields<Dispatch.DataOf<"INTERACTION_CREATE">> = {}
): Built<"INTERACTION_CREATE"> => event("INTERACTION_CREATE", fields)
