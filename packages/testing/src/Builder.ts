/**
 * Events for tests: complete payloads as Discord documents them, with the fields that matter to the test.
 *
 * @since 0.1.0
 */
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type { Locale } from "discord-api-types/v10"
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
 * Makes a message in a channel of a guild; with `guild_id: undefined` a direct message. It is an ordinary message without
 * mentions, attachments, embeds, a reply, a poll or an interaction, unless these fields are given.
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
 * `guild_id: undefined` it is in a direct message. The user's language is `en-US`, unless `locale` is given.
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
): Built<"INTERACTION_CREATE"> => event("INTERACTION_CREATE", { locale: "en-US" as Locale.EnglishUS, ...fields })

/**
 * A value of an option. A number without fraction is an integer, and the id of a user, channel, role or attachment is a
 * string: `GatewaySimulator.interact` gives options the types that the bot registered.
 *
 * @since 0.1.0
 * @category models
 */
export type OptionValue = string | number | boolean

type InteractionFields = Fields<Dispatch.DataOf<"INTERACTION_CREATE">>

const optionType = (value: OptionValue): number =>
  typeof value === "string" ? 3 : typeof value === "boolean" ? 5 : Number.isInteger(value) ? 4 : 10

/** Options inside subcommands, which the words after the name of the command select. */
const nestOptions = (words: ReadonlyArray<string>, options: ReadonlyArray<object>): ReadonlyArray<object> => {
  const [word, ...inner] = words
  return word === undefined
    ? options
    : [{ name: word, type: inner.length > 0 ? 2 : 1, options: nestOptions(inner, options) }]
}

const makeInteraction = (type: number, data: object, fields: InteractionFields) =>
  // Each part has the shape that Discord documents for its type.
  interaction({ ...fields, type, data } as InteractionFields)

const commandData = (name: string, options: ReadonlyArray<object>) => {
  const [command = "", ...words] = name.split(" ")
  const nested = nestOptions(words, options)
  return { name: command, type: 1, options: nested.length === 0 ? undefined : nested }
}

const makeOptions = (options: Readonly<Record<string, OptionValue>>) =>
  Object.entries(options).map(([name, value]) => ({ name, type: optionType(value), value }))

/**
 * Makes a slash command of a user. Words after its name are subcommands, as in `config set`.
 *
 * @example
 * ```ts
 * import { Builder, GatewaySimulator } from "@vesper/testing"
 * import { Effect } from "effect"
 *
 * export const reply = Effect.flatMap(
 *   GatewaySimulator.GatewaySimulator,
 *   (simulator) => simulator.interact(Builder.command("greet user", { name: "Ada", loud: true }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const command = (
  name: string,
  options: Readonly<Record<string, OptionValue>> = {},
  fields: InteractionFields = {}
): Built<"INTERACTION_CREATE"> => makeInteraction(2, commandData(name, makeOptions(options)), fields)

/**
 * Makes an autocompletion of a slash command. The last option has the focus, and its value is what the user has typed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const autocomplete = (
  name: string,
  options: Readonly<Record<string, OptionValue>>,
  fields: InteractionFields = {}
): Built<"INTERACTION_CREATE"> => {
  const made = makeOptions(options)
  const focused = made.map((option, index) => index === made.length - 1 ? { ...option, focused: true } : option)
  return makeInteraction(4, commandData(name, focused), fields)
}

/**
 * Makes a command of a user's menu.
 *
 * @since 0.1.0
 * @category constructors
 */
export const userCommand = (
  name: string,
  targetId: string,
  fields: InteractionFields = {}
): Built<"INTERACTION_CREATE"> => makeInteraction(2, { name, type: 2, target_id: targetId }, fields)

/**
 * Makes a click on a button. Pass the message of the button as `message`, as in a reply.
 *
 * @example
 * ```ts
 * import { Builder, GatewaySimulator } from "@vesper/testing"
 * import { Effect, Option } from "effect"
 *
 * export const test = Effect.gen(function*() {
 *   const simulator = yield* GatewaySimulator.GatewaySimulator
 *   const question = yield* simulator.interact(Builder.command("ask"))
 *   return yield* simulator.interact(Builder.button("yes", Option.getOrUndefined(question.message)))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const button = (
  customId: string,
  message?: object,
  fields: InteractionFields = {}
): Built<"INTERACTION_CREATE"> => makeComponent({ custom_id: customId, component_type: 2 }, message, fields)

/**
 * Makes a selection from a menu with strings, or of another type by `type`: 5 selects users, 6 roles and 8 channels.
 *
 * @since 0.1.0
 * @category constructors
 */
export const select = (
  customId: string,
  values: ReadonlyArray<string>,
  message?: object,
  options: { readonly type?: number | undefined; readonly fields?: InteractionFields | undefined } = {}
): Built<"INTERACTION_CREATE"> =>
  makeComponent({ custom_id: customId, component_type: options.type ?? 3, values }, message, options.fields ?? {})

const makeComponent = (data: object, message: object | undefined, fields: InteractionFields) =>
  makeInteraction(3, data, message === undefined ? fields : { ...fields, message } as InteractionFields)

/**
 * Makes a submitted modal, with the text of each input by its custom id.
 *
 * @since 0.1.0
 * @category constructors
 */
export const modal = (
  customId: string,
  values: Readonly<Record<string, string>>,
  fields: InteractionFields = {}
): Built<"INTERACTION_CREATE"> => {
  const components = Object.entries(values).map(([id, value], index) => ({
    type: 18,
    id: 2 * index + 1,
    component: { type: 4, id: 2 * index + 2, custom_id: id, value }
  }))
  return makeInteraction(5, { custom_id: customId, components }, fields)
}

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
