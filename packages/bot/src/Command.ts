/**
 * Application commands as values. The options of a command give its handler their types.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands
 * @since 0.1.0
 */
import type * as Permissions from "@vesper/model/Permissions"
import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIInteractionDataResolved,
  type APIInteractionDataResolvedChannel,
  type APIInteractionDataResolvedGuildMember,
  type APIMessage,
  type APIMessageApplicationCommandInteraction,
  type APIRole,
  type APIUser,
  type APIUserApplicationCommandInteraction,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  type ChannelType,
  type InteractionContextType,
  type Locale
} from "discord-api-types/v10"
import * as PermissionSet from "@vesper/model/Permissions"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Covariant } from "effect/Types"
import type * as Interaction from "./Interaction.js"
import { localized } from "./internal/commands/localized.js"
import * as Payload from "./internal/commands/payload.js"
import * as Slash from "./internal/commands/slash.js"
import * as Values from "./internal/commands/values.js"
import * as Runnable from "./internal/dispatch/runnable.js"

/**
 * Names and descriptions by locale, such as `{ de: { name: "gruss", description: "Grüßt" } }`.
 *
 * @since 0.1.0
 * @category models
 */
export type Localizations = {
  readonly [L in `${Locale}`]?: { readonly name?: string; readonly description?: string }
}

/**
 * The type identifier of `CommandOption`.
 *
 * @since 0.1.0
 * @category symbols
 */
export const OptionTypeId: unique symbol = Symbol.for("@vesper/bot/Command/Option")

/**
 * An option of a command. `A` is the type of its value, `R` are the requirements of its autocompletion.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOption<out A, out R = never> {
  readonly [OptionTypeId]: { readonly _A: Covariant<A>; readonly _R: Covariant<R> }
  /** The definition without the name. */
  readonly payload: Payload.OptionPayload
  /** Reads the value that the user has given. */
  readonly decode: Payload.DecodeOption
  /** The value of an option that is not given. */
  readonly missing: unknown
  readonly autocomplete: Option.Option<(query: Query) => Effect.Effect<ReadonlyArray<Suggestion>, unknown, R>>
}

/**
 * Options by name.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = { readonly [name: string]: CommandOption<unknown, unknown> }

/**
 * The values of options.
 *
 * @since 0.1.0
 * @category models
 */
export type OptionValues<O> = { readonly [K in keyof O]: O[K] extends CommandOption<infer A, infer _R> ? A : never }

/**
 * The requirements of the autocompletions of options.
 *
 * @since 0.1.0
 * @category models
 */
export type OptionContext<O> = {
  [K in keyof O]: O[K] extends CommandOption<infer _A, infer R> ? R : never
}[keyof O]

/**
 * A suggestion for the user: its text, or a text for the user and the value for the command.
 *
 * @since 0.1.0
 * @category models
 */
export type Suggestion = string | number | { readonly name: string; readonly value: string | number }

/**
 * The text that a user is typing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Query {
  /** The beginning of the value, which is not checked. */
  readonly value: string
  /** The other options that are given, by name. */
  readonly given: ReadonlyMap<string, unknown>
  readonly raw: APIApplicationCommandAutocompleteInteraction
}

/**
 * Settings of all options.
 *
 * @since 0.1.0
 * @category models
 */
export interface OptionSettings {
  readonly localizations?: Localizations | undefined
}

/**
 * Settings of an option with a text or a number. `choices` are values by the names that the user sees, at most 25.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueSettings<V, C, R> extends OptionSettings {
  readonly choices?: C | undefined
  /** Suggests values while the user types. It has to answer as fast as a reply. */
  readonly autocomplete?: ((query: Query) => Effect.Effect<ReadonlyArray<Suggestion>, unknown, R>) | undefined
  readonly min?: V extends number ? number : never
  readonly max?: V extends number ? number : never
  readonly minLength?: V extends string ? number : never
  readonly maxLength?: V extends string ? number : never
}

const makeOption = <A, R = never>(
  type: ApplicationCommandOptionType,
  description: string,
  decode: Payload.DecodeOption,
  settings: OptionSettings,
  fields: Readonly<Record<string, unknown>> = {},
  autocomplete: CommandOption<A, R>["autocomplete"] = Option.none()
): CommandOption<A, R> => ({
  [OptionTypeId]: {
    /* v8 ignore next 2 */
    _A: (_: never) => _,
    _R: (_: never) => _
  },
  // The fields are those of this type of option.
  payload: {
    type,
    description,
    required: true,
    ...localized(settings.localizations),
    ...fields
  } as Payload.OptionPayload,
  decode,
  missing: undefined,
  autocomplete
})

const valueOption =
  <V extends string | number>(type: ApplicationCommandOptionType) =>
  <const C extends Readonly<Record<string, V>> = Readonly<Record<string, V>>, R = never>(
    description: string,
    settings: ValueSettings<V, C, R> = {}
    // The requirements follow from the autocompletion only, not from the place of the option.
  ): CommandOption<C[keyof C], NoInfer<R>> =>
    makeOption<C[keyof C], R>(
      type,
      description,
      Values.readValue,
      settings,
      {
        choices: settings.choices === undefined
          ? undefined
          : Object.entries(settings.choices).map(([name, value]) => ({ name, value })),
        min_value: settings.min,
        max_value: settings.max,
        min_length: settings.minLength,
        max_length: settings.maxLength,
        autocomplete: settings.autocomplete === undefined ? undefined : true
      },
      Option.fromNullable(settings.autocomplete)
    )

/**
 * A required text. With `choices`, its type is the union of their values.
 *
 * @example
 * ```ts
 * import { Command } from "@vesper/bot"
 * import { Effect } from "effect"
 *
 * export const options = {
 *   colour: Command.string("Your colour", { choices: { Red: "red", Blue: "blue" } }),
 *   city: Command.string("Your city", {
 *     autocomplete: ({ value }) => Effect.succeed(["Berlin", "Bern"].filter((name) => name.startsWith(value)))
 *   })
 * }
 * ```
 *
 * @since 0.1.0
 * @category options
 */
export const string = valueOption<string>(ApplicationCommandOptionType.String)

/**
 * A required whole number.
 *
 * @since 0.1.0
 * @category options
 */
export const integer = valueOption<number>(ApplicationCommandOptionType.Integer)

/**
 * A required number.
 *
 * @since 0.1.0
 * @category options
 */
export const number = valueOption<number>(ApplicationCommandOptionType.Number)

/**
 * A required yes or no.
 *
 * @since 0.1.0
 * @category options
 */
export const boolean = (description: string, settings: OptionSettings = {}): CommandOption<boolean> =>
  makeOption(ApplicationCommandOptionType.Boolean, description, Values.readValue, settings)

/**
 * A user, and the member of the guild if the user is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserValue {
  readonly _tag: "User"
  readonly user: APIUser
  readonly member: Option.Option<APIInteractionDataResolvedGuildMember>
}

/**
 * A role.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoleValue {
  readonly _tag: "Role"
  readonly role: APIRole
}

/** Discord resolves each id that it sends. */
const getResolved = <A>(objects: Readonly<Record<string, A>> | undefined, id: string): A => {
  const found = objects?.[id]
  if (found === undefined) {
    throw new Error(`Discord did not resolve ${id}`)
  }
  return found
}

const toUser = (id: string, { members, users }: APIInteractionDataResolved): UserValue => ({
  _tag: "User",
  user: getResolved(users, id),
  member: Option.fromNullable(members?.[id])
})

/**
 * A required user.
 *
 * @since 0.1.0
 * @category options
 */
export const user = (description: string, settings: OptionSettings = {}): CommandOption<UserValue> =>
  makeOption(
    ApplicationCommandOptionType.User,
    description,
    (given, resolved) => toUser(Values.readId(given), resolved),
    settings
  )

/**
 * A required channel, of any type or of some types.
 *
 * @since 0.1.0
 * @category options
 */
export const channel = (
  description: string,
  settings: OptionSettings & { readonly types?: ReadonlyArray<ChannelType> } = {}
): CommandOption<APIInteractionDataResolvedChannel> =>
  makeOption(
    ApplicationCommandOptionType.Channel,
    description,
    (given, { channels }) => getResolved(channels, Values.readId(given)),
    settings,
    { channel_types: settings.types }
  )

/**
 * A required role.
 *
 * @since 0.1.0
 * @category options
 */
export const role = (description: string, settings: OptionSettings = {}): CommandOption<APIRole> =>
  makeOption(
    ApplicationCommandOptionType.Role,
    description,
    (given, { roles }) => getResolved(roles, Values.readId(given)),
    settings
  )

/**
 * A required user or role.
 *
 * @since 0.1.0
 * @category options
 */
export const mentionable = (
  description: string,
  settings: OptionSettings = {}
): CommandOption<UserValue | RoleValue> =>
  makeOption(ApplicationCommandOptionType.Mentionable, description, (given, resolved) => {
    const id = Values.readId(given)
    const found = resolved.roles?.[id]
    return found === undefined ? toUser(id, resolved) : { _tag: "Role", role: found }
  }, settings)

/**
 * A required file.
 *
 * @since 0.1.0
 * @category options
 */
export const attachment = (description: string, settings: OptionSettings = {}): CommandOption<APIAttachment> =>
  makeOption(
    ApplicationCommandOptionType.Attachment,
    description,
    (given, { attachments }) => getResolved(attachments, Values.readId(given)),
    settings
  )

/**
 * Makes an option that the user may omit.
 *
 * @since 0.1.0
 * @category options
 */
export const optional = <A, R>(option: CommandOption<A, R>): CommandOption<Option.Option<A>, R> => {
  const { [OptionTypeId]: _, decode, payload, ...rest } = option
  return {
    [OptionTypeId]: {
      /* v8 ignore next 2 */
      _A: (_: never) => _,
      _R: (_: never) => _
    },
    ...rest,
    payload: { ...payload, required: false },
    decode: (given, resolved) => Option.some(decode(given, resolved)),
    missing: Option.none()
  }
}

/**
 * Settings of a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  readonly localizations?: Localizations | undefined
  /** Shows replies, and the automatic deferral, only to the user. Default: false. */
  readonly ephemeral?: boolean | undefined
  /** Permissions that a member needs to see the command. Administrators of a guild can change it. Default: everyone. */
  readonly defaultMemberPermissions?: ReadonlyArray<Permissions.Name> | undefined
  /** Marks the command as age-restricted. Default: false. */
  readonly nsfw?: boolean | undefined
  /** The places in which the command is shown. Default: all. */
  readonly contexts?: ReadonlyArray<InteractionContextType> | undefined
}

/**
 * Settings of a command, a subcommand or a group that the user types.
 *
 * @since 0.1.0
 * @category models
 */
export interface Described {
  /** Shown to the user, 1 to 100 characters. */
  readonly description: string
  readonly localizations?: Localizations | undefined
}

/**
 * A use of a command that the user types.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlashInteraction<out O>
  extends Interaction.Interaction<APIChatInputApplicationCommandInteraction>, Interaction.WithModal
{
  /** The values of the options. */
  readonly options: O
}

/**
 * A use of a command on a user.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserInteraction
  extends Interaction.Interaction<APIUserApplicationCommandInteraction>, Interaction.WithModal
{
  readonly target: UserValue
}

/**
 * A use of a command on a message.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageInteraction
  extends Interaction.Interaction<APIMessageApplicationCommandInteraction>, Interaction.WithModal
{
  readonly target: APIMessage
}

const toFields = ({ contexts, defaultMemberPermissions, localizations, nsfw }: Settings) => ({
  ...localized(localizations),
  ...(defaultMemberPermissions === undefined
    ? {}
    : { default_member_permissions: String(PermissionSet.of(...defaultMemberPermissions)) }),
  ...(nsfw === undefined ? {} : { nsfw }),
  ...(contexts === undefined ? {} : { contexts: [...contexts] })
})

/**
 * Makes a command that the user types, with its handler.
 *
 * @example
 * ```ts
 * import { Command } from "@vesper/bot"
 * import { Option } from "effect"
 *
 * export const greet = Command.slash("greet", {
 *   description: "Greets someone",
 *   options: {
 *     whom: Command.user("The one to greet"),
 *     greeting: Command.optional(Command.string("The word for it"))
 *   }
 * }, ({ options, reply }) =>
 *   reply(`${Option.getOrElse(options.greeting, () => "Hello")}, ${options.whom.user.username}!`))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const slash = <const O extends Options = {}, R = never>(
  name: string,
  settings: Settings & Described & { readonly options?: O },
  handle: (interaction: SlashInteraction<OptionValues<O>>) => Effect.Effect<unknown, unknown, R>
): Interaction.Handler<R | OptionContext<O>> => {
  Payload.checkName("command", name)
  const options: Options = settings.options ?? {}
  return Slash.makeSlash<R | OptionContext<O>>(
    name,
    settings,
    {
      type: ApplicationCommandType.ChatInput,
      name,
      description: settings.description,
      ...toFields(settings),
      options: Payload.toOptions(options)
    },
    new Map([["", { options, handle }]])
  )
}

/**
 * A subcommand.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subcommand extends Described {
  readonly options?: Options
}

/**
 * Subcommands and groups of them, by name.
 *
 * @since 0.1.0
 * @category models
 */
export type Subcommands = {
  readonly [name: string]: Subcommand | (Described & { readonly subcommands: { readonly [name: string]: Subcommand } })
}

/**
 * The handlers of all subcommands.
 *
 * @since 0.1.0
 * @category models
 */
export type Handlers<S> = {
  readonly [K in keyof S]: S[K] extends { readonly subcommands: infer N } ? Handlers<N>
    : (
      interaction: SlashInteraction<OptionValues<S[K] extends { readonly options: infer O } ? O : {}>>
    ) => Effect.Effect<unknown, unknown, unknown>
}

/**
 * The requirements of handlers of subcommands.
 *
 * @since 0.1.0
 * @category models
 */
export type HandlersContext<H> = {
  [K in keyof H]: H[K] extends (...parameters: never) => Effect.Effect<infer _A, infer _E, infer R> ? R
    : HandlersContext<H[K]>
}[keyof H]

/**
 * The requirements of the autocompletions of subcommands.
 *
 * @since 0.1.0
 * @category models
 */
export type SubcommandsContext<S> = {
  [K in keyof S]: S[K] extends { readonly subcommands: infer N } ? SubcommandsContext<N>
    : S[K] extends { readonly options: infer O } ? OptionContext<O>
    : never
}[keyof S]

/**
 * Makes a command with subcommands, and groups of subcommands. Each subcommand needs a handler.
 *
 * @example
 * ```ts
 * import { Command } from "@vesper/bot"
 *
 * export const tag = Command.group("tag", {
 *   description: "Keeps texts",
 *   subcommands: {
 *     show: { description: "Shows a text", options: { name: Command.string("Its name") } },
 *     list: { description: "Lists all texts" }
 *   }
 * }, {
 *   show: ({ options, reply }) => reply(`This is ${options.name}`),
 *   list: ({ reply }) => reply("There are none")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const group = <const S extends Subcommands, const H extends Handlers<S>>(
  name: string,
  settings: Settings & Described & { readonly subcommands: S },
  handlers: H & { readonly [K in Exclude<keyof H, keyof S>]: never }
): Interaction.Handler<HandlersContext<H> | SubcommandsContext<S>> => {
  Payload.checkName("command", name)
  type R = HandlersContext<H> | SubcommandsContext<S>
  // The handlers have the shape of the subcommands, and R includes the requirements of each.
  const leaves = new Map(Slash.collectLeaves<R>(settings.subcommands, handlers as unknown as Slash.HandlerTree<R>, []))
  return Slash.makeSlash<R>(
    name,
    settings,
    {
      type: ApplicationCommandType.ChatInput,
      name,
      description: settings.description,
      ...toFields(settings),
      options: Object.entries(settings.subcommands).map(([child, definition]) => Slash.toGroup(child, definition))
    },
    leaves
  )
}

/** Makes a command in the menu of users or messages. */
const makeMenuCommand = <R>(
  type: ApplicationCommandType.User | ApplicationCommandType.Message,
  name: string,
  settings: Settings,
  run: Interaction.Run<R>
): Interaction.Handler<R> =>
  Runnable.makeRunnable<R>({
    kind: "command",
    name,
    type,
    definition: Option.some({ type, name, ...toFields(settings) }),
    isEphemeral: settings.ephemeral,
    run
  })

/**
 * Makes a command in the menu of a user. Its name may have spaces and capitals.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onUser = <R>(
  name: string,
  handle: (interaction: UserInteraction) => Effect.Effect<unknown, unknown, R>,
  settings: Settings = {}
): Interaction.Handler<R> =>
  makeMenuCommand<R>(ApplicationCommandType.User, name, settings, (interaction) => {
    // The dispatcher finds handlers by the type of the interaction.
    const raw = interaction.raw as APIUserApplicationCommandInteraction
    return handle({ ...interaction, raw, target: toUser(raw.data.target_id, raw.data.resolved) })
  })

/**
 * Makes a command in the menu of a message. Its name may have spaces and capitals.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onMessage = <R>(
  name: string,
  handle: (interaction: MessageInteraction) => Effect.Effect<unknown, unknown, R>,
  settings: Settings = {}
): Interaction.Handler<R> =>
  makeMenuCommand<R>(ApplicationCommandType.Message, name, settings, (interaction) => {
    // The dispatcher finds handlers by the type of the interaction.
    const raw = interaction.raw as APIMessageApplicationCommandInteraction
    return handle({ ...interaction, raw, target: getResolved(raw.data.resolved.messages, raw.data.target_id) })
  })
