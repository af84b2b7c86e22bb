/**
 * Application commands as values. The options of a command give its handler their types.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands
 * @since 0.1.0
 */
import * as PermissionSet from "@vesper/model/Permissions"
import * as Discord from "discord-api-types/v10"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Interaction from "./Interaction.js"
import * as Payload from "./internal/commands/payload.js"
import * as Slash from "./internal/commands/slash.js"
import * as Values from "./internal/commands/values.js"
import * as Handler from "./internal/dispatch/handler.js"

/**
 * Texts by locale, such as `{ de: { name: "gruss", description: "Grüßt" } }`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Localized<Texts = { readonly name?: string; readonly description?: string }> {
  readonly localizations?: { readonly [L in `${Discord.Locale}`]?: Texts } | undefined
}

/**
 * The text of a command, a subcommand or a group that the user types.
 *
 * @since 0.1.0
 * @category models
 */
export interface Described extends Localized {
  /** Shown to the user, 1 to 100 characters. */
  readonly description: string
}

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
  readonly raw: Discord.APIApplicationCommandAutocompleteInteraction
}

/**
 * An option of a command. `A` is the type of its value, `R` are the requirements of its autocompletion.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOption<out A, out R = never> {
  /** The definition without the name. */
  readonly payload: Omit<Discord.APIApplicationCommandBasicOption, "name">
  /** Reads the value, which is undefined if the user has not given the option. */
  readonly decode: (
    given: Discord.APIApplicationCommandInteractionDataBasicOption | undefined,
    resolved: Discord.APIInteractionDataResolved
  ) => A
  readonly autocomplete?: ((query: Query) => Effect.Effect<ReadonlyArray<Suggestion>, unknown, R>) | undefined
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
 * The requirements of handlers and autocompletions, in objects of any depth.
 *
 * @since 0.1.0
 * @category models
 */
export type ContextOf<T> = T extends CommandOption<infer _A, infer R> ? R
  : T extends (...parameters: never) => Effect.Effect<infer _A, infer _E, infer R> ? R
  : T extends object ? { [K in keyof T]: ContextOf<T[K]> }[keyof T]
  : never

/**
 * Settings of an option with a text or a number.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueSettings<V, C, R> extends Localized {
  /** Values by the names that the user sees, at most 25. */
  readonly choices?: C | undefined
  /** Translated names of choices, such as `{ Red: { de: "Rot" } }`. */
  readonly choiceLocalizations?: { readonly [K in keyof C]?: Localized<string>["localizations"] } | undefined
  /** Suggests values while the user types. It has to answer as fast as a reply. */
  readonly autocomplete?: ((query: Query) => Effect.Effect<ReadonlyArray<Suggestion>, unknown, R>) | undefined
  readonly min?: V extends number ? number : never
  readonly max?: V extends number ? number : never
  readonly minLength?: V extends string ? number : never
  readonly maxLength?: V extends string ? number : never
}

const toPayload = (
  type: Discord.ApplicationCommandOptionType,
  description: string,
  { localizations }: Localized,
  fields: Readonly<Record<string, unknown>> = {}
) =>
  // The fields are those of this type of option.
  ({
    type,
    required: true,
    ...Payload.describe({ description, localizations }),
    ...fields
  }) as CommandOption<unknown>["payload"]

const makeValue =
  <V extends string | number>(type: Discord.ApplicationCommandOptionType) =>
  <const C extends Readonly<Record<string, V>> = Readonly<Record<string, V>>, R = never>(
    description: string,
    settings: ValueSettings<V, C, R> = {}
    // The requirements follow from the autocompletion only, not from the place of the option.
  ): CommandOption<C[keyof C], NoInfer<R>> => ({
    payload: toPayload(type, description, settings, {
      choices: settings.choices && Object.entries(settings.choices).map(([name, value]) => ({
        name,
        value,
        name_localizations: settings.choiceLocalizations?.[name]
      })),
      min_value: settings.min,
      max_value: settings.max,
      min_length: settings.minLength,
      max_length: settings.maxLength,
      autocomplete: settings.autocomplete && true
    }),
    // Discord checks the type and the choices.
    decode: (given) => Values.readValue(given) as C[keyof C],
    autocomplete: settings.autocomplete
  })

/**
 * A required text. With `choices`, its type is the union of their values.
 *
 * @since 0.1.0
 * @category options
 */
export const string = makeValue<string>(Discord.ApplicationCommandOptionType.String)

/**
 * A required whole number.
 *
 * @since 0.1.0
 * @category options
 */
export const integer = makeValue<number>(Discord.ApplicationCommandOptionType.Integer)

/**
 * A required number.
 *
 * @since 0.1.0
 * @category options
 */
export const number = makeValue<number>(Discord.ApplicationCommandOptionType.Number)

/**
 * A required yes or no.
 *
 * @since 0.1.0
 * @category options
 */
export const boolean = (description: string, settings: Localized = {}): CommandOption<boolean> => ({
  payload: toPayload(Discord.ApplicationCommandOptionType.Boolean, description, settings),
  decode: (given) => Values.readValue(given) === true
})

/**
 * A user, and the member of the guild if the user is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserValue {
  readonly _tag: "User"
  readonly user: Discord.APIUser
  readonly member: Option.Option<Discord.APIInteractionDataResolvedGuildMember>
}

/** Finds the object of an id, which Discord resolves for each id that it sends. */
type Resolve<A> = (resolved: Discord.APIInteractionDataResolved, id: string) => A | undefined

const getResolved = <A>(resolve: Resolve<A>, resolved: Discord.APIInteractionDataResolved, id: string): A => {
  const found = resolve(resolved, id)
  if (found === undefined) {
    throw new Error(`Discord did not resolve ${id}`)
  }
  return found
}

const makeObject = <A, S extends Localized>(
  type: Discord.ApplicationCommandOptionType,
  resolve: Resolve<A>,
  toFields?: (settings: S) => object
) =>
(description: string, settings?: S): CommandOption<A> => ({
  payload: toPayload(type, description, settings ?? {}, settings && { ...toFields?.(settings) }),
  decode: (given, resolved) => getResolved(resolve, resolved, Values.readId(given))
})

const resolveUser: Resolve<UserValue> = ({ members, users }, id) => {
  const user = users?.[id]
  return user && { _tag: "User", user, member: Option.fromNullable(members?.[id]) }
}

/**
 * A required user.
 *
 * @since 0.1.0
 * @category options
 */
export const user = makeObject(Discord.ApplicationCommandOptionType.User, resolveUser)

/**
 * A required channel, of any type or of some types.
 *
 * @since 0.1.0
 * @category options
 */
export const channel = makeObject(
  Discord.ApplicationCommandOptionType.Channel,
  ({ channels }, id): Discord.APIInteractionDataResolvedChannel | undefined => channels?.[id],
  ({ types }: Localized & { readonly types?: ReadonlyArray<Discord.ChannelType> }) => ({ channel_types: types })
)

/**
 * A required role.
 *
 * @since 0.1.0
 * @category options
 */
export const role = makeObject(
  Discord.ApplicationCommandOptionType.Role,
  ({ roles }, id): Discord.APIRole | undefined => roles?.[id]
)

/**
 * A required user or role.
 *
 * @since 0.1.0
 * @category options
 */
export const mentionable = makeObject(
  Discord.ApplicationCommandOptionType.Mentionable,
  (resolved, id): UserValue | { readonly _tag: "Role"; readonly role: Discord.APIRole } | undefined => {
    const found = resolved.roles?.[id]
    return found === undefined ? resolveUser(resolved, id) : { _tag: "Role", role: found }
  }
)

/**
 * A required file.
 *
 * @since 0.1.0
 * @category options
 */
export const attachment = makeObject(
  Discord.ApplicationCommandOptionType.Attachment,
  ({ attachments }, id): Discord.APIAttachment | undefined => attachments?.[id]
)

/**
 * Makes an option that the user may omit.
 *
 * @since 0.1.0
 * @category options
 */
export const optional = <A, R>(self: CommandOption<A, R>): CommandOption<Option.Option<A>, R> => ({
  ...self,
  payload: { ...self.payload, required: false },
  decode: (given, resolved) => given === undefined ? Option.none() : Option.some(self.decode(given, resolved))
})

/**
 * Settings of a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings extends Localized {
  /** Shows replies, and the automatic deferral, only to the user. Default: false. */
  readonly ephemeral?: boolean | undefined
  /** Permissions that a member needs to see the command. Administrators of a guild can change it. Default: everyone. */
  readonly defaultMemberPermissions?: ReadonlyArray<PermissionSet.Name> | undefined
  /** Marks the command as age-restricted. Default: false. */
  readonly nsfw?: boolean | undefined
  /** The places in which the command is shown. Default: all. */
  readonly contexts?: ReadonlyArray<Discord.InteractionContextType> | undefined
}

/**
 * A use of a command that the user types.
 *
 * @since 0.1.0
 * @category models
 */
export interface SlashInteraction<out O>
  extends Interaction.Interaction<Discord.APIChatInputApplicationCommandInteraction>, Interaction.WithModal
{
  /** The values of the options. */
  readonly options: O
}

/**
 * A use of a command on a user or a message.
 *
 * @since 0.1.0
 * @category models
 */
export interface MenuInteraction<out Target, out Raw> extends Interaction.Interaction<Raw>, Interaction.WithModal {
  readonly target: Target
}

const toFields = ({ contexts, defaultMemberPermissions, nsfw }: Omit<Settings, "localizations">) => ({
  ...(defaultMemberPermissions && {
    default_member_permissions: String(PermissionSet.of(...defaultMemberPermissions))
  }),
  ...(nsfw !== undefined && { nsfw }),
  ...(contexts && { contexts: [...contexts] })
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
 *   options: { whom: Command.user("The one to greet"), word: Command.optional(Command.string("The word for it")) }
 * }, ({ options, reply }) =>
 *   reply(`${Option.getOrElse(options.word, () => "Hello")}, ${options.whom.user.username}!`))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const slash = <const O extends Options = {}, R = never>(
  name: string,
  settings: Settings & Described & { readonly options?: O },
  handle: (interaction: SlashInteraction<OptionValues<O>>) => Effect.Effect<unknown, unknown, R>
): Interaction.Handler<R | ContextOf<O>> => {
  const options: Options = settings.options ?? {}
  return Slash.makeSlash<R | ContextOf<O>>(
    name,
    settings,
    { ...toFields(settings), options: Payload.toOptions(options) },
    new Map([["", { options, handle }]])
  )
}

/**
 * Subcommands and groups of them, by name.
 *
 * @since 0.1.0
 * @category models
 */
export type Subcommands<S = Described & { readonly options?: Options }> = {
  readonly [name: string]: S | (Described & { readonly subcommands: { readonly [name: string]: S } })
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
 * Refuses handlers of other names than those of the subcommands, also in groups.
 *
 * @since 0.1.0
 * @category models
 */
export type NoOthers<H, S> = {
  readonly [K in keyof H]: K extends keyof S
    ? S[K] extends { readonly subcommands: infer N } ? NoOthers<H[K], N> : unknown
    : never
}

/**
 * Makes a command with subcommands, and groups of subcommands. Each subcommand needs a handler.
 *
 * @since 0.1.0
 * @category constructors
 */
export const group = <const S extends Subcommands, const H extends Handlers<S>>(
  name: string,
  settings: Settings & Described & { readonly subcommands: S },
  handlers: H & NoOthers<H, S>
): Interaction.Handler<ContextOf<H> | ContextOf<S>> => {
  type R = ContextOf<H> | ContextOf<S>
  return Slash.makeSlash<R>(
    name,
    settings,
    {
      ...toFields(settings),
      options: Slash.toSubcommands(settings.subcommands)
    },
    // The handlers have the shape of the subcommands, and R includes the requirements of each.
    new Map(Slash.collectLeaves<R>(settings.subcommands, handlers as unknown as Slash.HandlerTree<R>, []))
  )
}

/** Makes the constructor of commands in a menu. */
const makeMenu =
  <Target, Raw extends Discord.APIUserApplicationCommandInteraction | Discord.APIMessageApplicationCommandInteraction>(
    type: Discord.ApplicationCommandType.User | Discord.ApplicationCommandType.Message,
    resolve: (resolved: Raw["data"]["resolved"], id: string) => Target | undefined
  ) =>
  <R>(
    name: string,
    handle: (interaction: MenuInteraction<Target, Raw>) => Effect.Effect<unknown, unknown, R>,
    settings: Omit<Settings, "localizations"> & Localized<{ readonly name: string }> = {}
  ): Interaction.Handler<R> =>
    Handler.makeHandler<R>({
      kind: "command",
      name,
      type,
      definition: Option.some({ type, name, ...Payload.localized(settings.localizations), ...toFields(settings) }),
      isEphemeral: settings.ephemeral,
      run: (interaction) => {
        // The dispatcher finds handlers by the type of the interaction.
        const raw = interaction.raw as Raw
        const { resolved, target_id: id } = raw.data
        return handle({ ...interaction, raw, target: getResolved(() => resolve(resolved, id), {}, id) })
      }
    })

/**
 * Makes a command in the menu of a user. Its name may have spaces and capitals.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onUser = makeMenu<UserValue, Discord.APIUserApplicationCommandInteraction>(
  Discord.ApplicationCommandType.User,
  resolveUser
)

/**
 * Makes a command in the menu of a message. Its name may have spaces and capitals.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onMessage = makeMenu<Discord.APIMessage, Discord.APIMessageApplicationCommandInteraction>(
  Discord.ApplicationCommandType.Message,
  ({ messages }, id) => messages[id]
)
