/**
 * Buttons, selects and modals as values with their handlers. Parameters in their custom ids are typed.
 *
 * @see https://docs.discord.com/developers/components/reference
 * @since 0.1.0
 */
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIComponentInMessageActionRow,
  type APIMessage,
  type APIMessageComponentButtonInteraction,
  type APIMessageComponentInteraction,
  type APIMessageComponentSelectMenuInteraction,
  type APIModalSubmission,
  type APIModalSubmitInteraction,
  type APISelectMenuComponent,
  type APIStringSelectComponent,
  ButtonStyle,
  ComponentType,
  TextInputStyle
} from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Interaction from "./Interaction.js"
import * as CustomId from "./internal/components/customId.js"
import * as Runnable from "./internal/dispatch/runnable.js"

/**
 * Schemas of the parameters of a custom id. Each is encoded as a text, such as `Schema.NumberFromString`.
 *
 * @since 0.1.0
 * @category models
 */
export type Params = { readonly [name: string]: Schema.Schema.AnyNoContext }

/**
 * The values of parameters.
 *
 * @since 0.1.0
 * @category models
 */
export type ParamValues<P> = {
  readonly [K in keyof P]: P[K] extends Schema.Schema<infer A, infer I> ? [I] extends [string] ? A : never
    : never
}

/** An argument that may be omitted if there are no parameters. */
type WithParams<P> = [keyof P] extends [never] ? { readonly params?: {} } : { readonly params: ParamValues<P> }

/**
 * Settings of a component's handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings<P> {
  /** Parameters that the custom id carries from the message to the handler; 100 characters with the name. Default: none. */
  readonly params?: P
  /** Shows replies only to the user. Default: false. */
  readonly ephemeral?: boolean | undefined
}

/**
 * A use of a component.
 *
 * @since 0.1.0
 * @category models
 */
export interface ComponentInteraction<out P, out Raw = APIMessageComponentInteraction>
  extends Interaction.Interaction<Raw>, Interaction.WithModal, Interaction.WithMessage
{
  readonly params: P
  /** The message that has the component. */
  readonly message: APIMessage
}

/**
 * A use of a button.
 *
 * @since 0.1.0
 * @category models
 */
export interface ButtonInteraction<out P> extends ComponentInteraction<P, APIMessageComponentButtonInteraction> {}

/**
 * A use of a select.
 *
 * @since 0.1.0
 * @category models
 */
export interface SelectInteraction<out P> extends ComponentInteraction<P, APIMessageComponentSelectMenuInteraction> {
  /** The chosen values; ids for users, roles and channels, whose objects are in `raw.data.resolved`. */
  readonly values: ReadonlyArray<string>
}

/**
 * The looks of a button.
 *
 * @since 0.1.0
 * @category models
 */
export interface ButtonOptions extends Omit<APIButtonComponentWithCustomId, "type" | "custom_id" | "style"> {
  /** Default: secondary. */
  readonly style?: "primary" | "secondary" | "success" | "danger"
}

/**
 * A button with its handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Button<P, out R = never> extends Interaction.Handler<R> {
  /** Makes the button for a message. */
  readonly make: (
    options: ButtonOptions & WithParams<P>
  ) => APIButtonComponentWithCustomId
}

const toSchema = <P extends Params>(
  params: P | undefined
): Schema.Schema<ParamValues<P>, Readonly<Record<string, string>>> =>
  // A struct of schemas that are encoded as texts.
  Schema.Struct(params ?? {}) as unknown as Schema.Schema<ParamValues<P>, Readonly<Record<string, string>>>

const noParams = {}

const styles = {
  primary: ButtonStyle.Primary,
  secondary: ButtonStyle.Secondary,
  success: ButtonStyle.Success,
  danger: ButtonStyle.Danger
} as const

/** Runs a handler with the parameters of the custom id. */
const makeHandler = <A, R>(
  name: string,
  customIds: CustomId.CustomId<A>,
  isEphemeral: boolean | undefined,
  handle: (interaction: ComponentInteraction<A>, values: ReadonlyArray<string>) => Effect.Effect<unknown, unknown, R>
): Interaction.Handler<R> =>
  Runnable.makeRunnable<R>({
    kind: "component",
    name,
    definition: Option.none(),
    isEphemeral,
    run: (interaction) => {
      // The dispatcher finds handlers by the type of the interaction.
      const raw = interaction.raw as APIMessageComponentInteraction
      return Effect.flatMap(customIds.decode(raw.data.custom_id), (params) =>
        handle(
          { ...interaction, raw, params, message: raw.message },
          "values" in raw.data ? raw.data.values : []
        ))
    }
  })

/**
 * Makes a button with its handler. The handler of a message that an earlier process has sent runs as well.
 *
 * @example
 * ```ts
 * import { Command, Component } from "@vesper/bot"
 * import { Schema } from "effect"
 *
 * const vote = Component.button("vote", { params: { choice: Schema.Literal("yes", "no") } }, ({ params, reply }) =>
 *   reply({ content: `You voted ${params.choice}.`, ephemeral: true }))
 *
 * const poll = Command.slash("poll", { description: "Asks everyone" }, ({ reply }) =>
 *   reply({
 *     content: "Do you agree?",
 *     components: [Component.row(
 *       vote.make({ label: "Yes", style: "success", params: { choice: "yes" } }),
 *       vote.make({ label: "No", style: "danger", params: { choice: "no" } })
 *     )]
 *   }))
 *
 * export const handlers = [vote, poll]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const button = <const P extends Params = {}, R = never>(
  name: string,
  settings: Settings<P>,
  handle: (interaction: ButtonInteraction<ParamValues<P>>) => Effect.Effect<unknown, unknown, R>
): Button<P, R> => {
  const customIds = CustomId.makeCustomId(name, toSchema(settings.params))
  return {
    ...makeHandler(name, customIds, settings.ephemeral, (interaction) =>
      // The component type of this custom id is that of a button.
      handle(interaction as ButtonInteraction<ParamValues<P>>)),
    make: ({ params, style, ...options }: ButtonOptions & { readonly params?: unknown }) => ({
      ...options,
      type: ComponentType.Button,
      style: styles[style ?? "secondary"],
      // Without parameters there are none to encode.
      custom_id: customIds.encode((params ?? noParams) as ParamValues<P>)
    })
  }
}

/**
 * A select with its handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Select<P, C extends APISelectMenuComponent, out R = never> extends Interaction.Handler<R> {
  /** Makes the select for a message. */
  readonly make: (options: Omit<C, "type" | "custom_id"> & WithParams<P>) => C
}

/** The kinds of selects. */
interface Selects {
  readonly string: APIStringSelectComponent
  readonly user: Extract<APISelectMenuComponent, { type: ComponentType.UserSelect }>
  readonly role: Extract<APISelectMenuComponent, { type: ComponentType.RoleSelect }>
  readonly mentionable: Extract<APISelectMenuComponent, { type: ComponentType.MentionableSelect }>
  readonly channel: Extract<APISelectMenuComponent, { type: ComponentType.ChannelSelect }>
}

const selectTypes = {
  string: ComponentType.StringSelect,
  user: ComponentType.UserSelect,
  role: ComponentType.RoleSelect,
  mentionable: ComponentType.MentionableSelect,
  channel: ComponentType.ChannelSelect
} as const

/**
 * Makes a select of texts, users, roles, mentionables or channels, with its handler.
 *
 * @example
 * ```ts
 * import { Component } from "@vesper/bot"
 *
 * export const colour = Component.select("colour", "string", {}, ({ update, values }) =>
 *   update({ content: `You chose ${values.join(", ")}.`, components: [] }))
 *
 * export const row = Component.row(colour.make({ options: [{ label: "Red", value: "red" }, { label: "Blue", value: "blue" }] }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const select = <const K extends keyof Selects, const P extends Params = {}, R = never>(
  name: string,
  kind: K,
  settings: Settings<P>,
  handle: (interaction: SelectInteraction<ParamValues<P>>) => Effect.Effect<unknown, unknown, R>
): Select<P, Selects[K], R> => {
  const customIds = CustomId.makeCustomId(name, toSchema(settings.params))
  return {
    ...makeHandler(name, customIds, settings.ephemeral, (interaction, values) =>
      // The component type of this custom id is that of a select.
      handle({ ...interaction, values } as SelectInteraction<ParamValues<P>>)),
    make: ({ params, ...options }) =>
      // The options are those of the kind.
      ({
        ...options,
        type: selectTypes[kind],
        custom_id: customIds.encode((params ?? noParams) as ParamValues<P>)
      }) as unknown as Selects[K]
  }
}

/**
 * Puts up to five buttons or one select into a row of a message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const row = (
  ...components: ReadonlyArray<APIComponentInMessageActionRow>
): APIActionRowComponent<APIComponentInMessageActionRow> => ({
  type: ComponentType.ActionRow,
  components: [...components]
})

/**
 * A text field of a modal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Field {
  /** At most 45 characters. */
  readonly label: string
  readonly description?: string
  /** Several lines. Default: false. */
  readonly paragraph?: boolean
  /** Default: true. An empty field is an empty text. */
  readonly required?: boolean
  readonly minLength?: number
  readonly maxLength?: number
  readonly placeholder?: string
}

/**
 * A submitted modal.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModalInteraction<out F, out P>
  extends Interaction.Interaction<APIModalSubmitInteraction>, Interaction.WithMessage
{
  /** The texts of the fields. */
  readonly fields: F
  readonly params: P
}

/**
 * A modal with its handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Modal<F extends string, P, out R = never> extends Interaction.Handler<R> {
  /** Makes the modal for `showModal`, with texts that fields have at first. */
  readonly make: (
    options?: { readonly title?: string; readonly values?: { readonly [K in F]?: string } } & WithParams<P>
  ) => Interaction.ModalData
}

/** Collects the texts of a submission, in labels and in rows. */
const readFields = (components: APIModalSubmission["components"]): Readonly<Record<string, string>> =>
  Object.fromEntries(components.flatMap((component) => {
    const inner = "component" in component
      ? [component.component]
      : "components" in component
      ? component.components
      : []
    return inner.flatMap((field) =>
      "value" in field && typeof field.value === "string" ? [[field.custom_id, field.value] as const] : []
    )
  }))

/**
 * Makes a modal with its handler.
 *
 * @example
 * ```ts
 * import { Command, Component } from "@vesper/bot"
 *
 * const feedback = Component.modal("feedback", {
 *   title: "Your opinion",
 *   fields: { subject: { label: "Subject" }, text: { label: "Text", paragraph: true } }
 * }, ({ fields, reply }) => reply(`Thank you for your words about ${fields.subject}.`))
 *
 * const ask = Command.slash("feedback", { description: "Sends feedback" }, ({ showModal }) => showModal(feedback.make()))
 *
 * export const handlers = [feedback, ask]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const modal = <const F extends string, const P extends Params = {}, R = never>(
  name: string,
  settings: Settings<P> & { readonly title: string; readonly fields: { readonly [K in F]: Field } },
  handle: (
    interaction: ModalInteraction<{ readonly [K in F]: string }, ParamValues<P>>
  ) => Effect.Effect<unknown, unknown, R>
): Modal<F, P, R> => {
  const customIds = CustomId.makeCustomId(name, toSchema(settings.params))
  const fields: ReadonlyArray<readonly [string, Field]> = Object.entries(settings.fields)
  return {
    ...Runnable.makeRunnable<R>({
      kind: "modal",
      name,
      definition: Option.none(),
      isEphemeral: settings.ephemeral,
      run: (interaction) => {
        // The dispatcher finds handlers by the type of the interaction.
        const raw = interaction.raw as APIModalSubmitInteraction
        const texts = readFields(raw.data.components)
        // Each field has a text.
        const values = Object.fromEntries(fields.map(([id]) => [id, texts[id] ?? ""])) as { readonly [K in F]: string }
        return Effect.flatMap(
          customIds.decode(raw.data.custom_id),
          (params) => handle({ ...interaction, raw, params, fields: values })
        )
      }
    }),
    make: (options) => {
      const values: Readonly<Record<string, string | undefined>> = options?.values ?? {}
      return {
        custom_id: customIds.encode((options?.params ?? noParams) as ParamValues<P>),
        title: options?.title ?? settings.title,
        components: fields.map(([id, field]) => ({
          type: ComponentType.Label,
          label: field.label,
          ...(field.description === undefined ? {} : { description: field.description }),
          component: {
            type: ComponentType.TextInput,
            custom_id: id,
            style: field.paragraph === true ? TextInputStyle.Paragraph : TextInputStyle.Short,
            required: field.required ?? true,
            ...(field.minLength === undefined ? {} : { min_length: field.minLength }),
            ...(field.maxLength === undefined ? {} : { max_length: field.maxLength }),
            ...(field.placeholder === undefined ? {} : { placeholder: field.placeholder }),
            ...(values[id] === undefined ? {} : { value: values[id] })
          }
        }))
      }
    }
  }
}
