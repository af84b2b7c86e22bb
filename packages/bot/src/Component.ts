/**
 * Buttons, selects and modals as values with their handlers. Parameters in their custom ids are typed.
 *
 * @see https://docs.discord.com/developers/components/reference
 * @since 0.1.0
 */
import * as Discord from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Interaction from "./Interaction.js"
import * as CustomId from "./internal/components/customId.js"
import * as Handler from "./internal/dispatch/handler.js"

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
export type ParamValues<P> = { readonly [K in keyof P]: P[K] extends Schema.Schema<infer A, infer _I> ? A : never }

/** Refuses schemas that are not encoded as texts. */
type EncodedAsTexts<P> = {
  readonly [K in keyof P]: P[K] extends Schema.Schema<infer _A, infer I>
    ? [I] extends [string] ? P[K] : "a schema that is encoded as a text, such as Schema.NumberFromString"
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
  readonly params?: P & EncodedAsTexts<P>
  /** Shows replies only to the user. Default: false. */
  readonly ephemeral?: boolean | undefined
}

/**
 * A button, a select or a modal with its handler.
 *
 * @since 0.1.0
 * @category models
 */
export interface Component<P, Options, Made, out R = never> extends Interaction.Handler<R> {
  /** Makes the component for a message, or the modal for `showModal`. */
  readonly make: (
    ...parameters: {} extends Options & WithParams<P> ? [options?: Options & WithParams<P>]
      : [options: Options & WithParams<P>]
  ) => Made
}

/**
 * A use of a button or a select.
 *
 * @since 0.1.0
 * @category models
 */
export interface ComponentInteraction<out P, out Raw>
  extends Interaction.Interaction<Raw>, Interaction.WithModal, Interaction.WithMessage
{
  readonly params: P
  /** The message that has the component. */
  readonly message: Discord.APIMessage
  /** The chosen values of a select; ids for users, roles and channels, whose objects are in `raw.data.resolved`. */
  readonly values: ReadonlyArray<string>
}

const styles = {
  primary: Discord.ButtonStyle.Primary,
  secondary: Discord.ButtonStyle.Secondary,
  success: Discord.ButtonStyle.Success,
  danger: Discord.ButtonStyle.Danger
} as const

/**
 * The looks of a button.
 *
 * @since 0.1.0
 * @category models
 */
export interface ButtonOptions extends Omit<Discord.APIButtonComponentWithCustomId, "type" | "custom_id" | "style"> {
  /** Default: secondary. */
  readonly style?: keyof typeof styles
}

/** Makes a component or a modal, whose handler receives the parameters of the custom id. */
const makeComponent = <P extends Params, Options, Made, R>(
  kind: "component" | "modal",
  name: string,
  { ephemeral, params }: Settings<P>,
  run: (
    interaction: Parameters<Interaction.Handler["run"]>[0],
    params: ParamValues<P>
  ) => Effect.Effect<unknown, unknown, R>,
  toFields: (options: Options) => object
): Component<P, Options, Made, R> => {
  const customIds = CustomId.makeCustomId(name, params)
  return {
    ...Handler.makeHandler<R>({
      kind,
      name,
      isEphemeral: ephemeral,
      // The dispatcher finds these handlers by the custom id.
      run: (interaction) =>
        Effect.flatMap(
          customIds.decode((interaction.raw.data as Discord.APIModalSubmission).custom_id),
          (params) => run(interaction, params)
        )
    }),
    make: ({ params, ...options }: { readonly params?: unknown } = {}) =>
      // The fields are those of the kind.
      ({ ...toFields(options as Options), custom_id: customIds.encode(params as ParamValues<P>) }) as Made
  }
}

/** Adapts a handler of a button or a select. The dispatcher finds it by the type of the interaction. */
const onUse = <P, Raw extends Discord.APIMessageComponentInteraction, R>(
  handle: (interaction: ComponentInteraction<P, Raw>) => Effect.Effect<unknown, unknown, R>
) =>
(interaction: Parameters<Interaction.Handler["run"]>[0], params: P) => {
  const raw = interaction.raw as Raw
  const { data, message } = raw
  return handle({ ...interaction, raw, params, message, values: "values" in data ? data.values : [] })
}

/**
 * Makes a button with its handler. The handler of a message that an earlier process has sent runs as well.
 *
 * @since 0.1.0
 * @category constructors
 */
export const button = <const P extends Params = {}, R = never>(
  name: string,
  settings: Settings<P>,
  handle: (
    interaction: ComponentInteraction<ParamValues<P>, Discord.APIMessageComponentButtonInteraction>
  ) => Effect.Effect<unknown, unknown, R>
): Component<P, ButtonOptions, Discord.APIButtonComponentWithCustomId, R> =>
  makeComponent("component", name, settings, onUse(handle), ({ style = "secondary", ...options }: ButtonOptions) => ({
    ...options,
    type: Discord.ComponentType.Button,
    style: styles[style]
  }))

const selectTypes = {
  string: Discord.ComponentType.StringSelect,
  user: Discord.ComponentType.UserSelect,
  role: Discord.ComponentType.RoleSelect,
  mentionable: Discord.ComponentType.MentionableSelect,
  channel: Discord.ComponentType.ChannelSelect
} as const

type SelectOf<K extends keyof typeof selectTypes> = Extract<
  Discord.APISelectMenuComponent,
  { type: (typeof selectTypes)[K] }
>

/**
 * Makes a select of texts, users, roles, mentionables or channels, with its handler.
 *
 * @since 0.1.0
 * @category constructors
 */
export const select = <const K extends keyof typeof selectTypes, const P extends Params = {}, R = never>(
  name: string,
  kind: K,
  settings: Settings<P>,
  handle: (
    interaction: ComponentInteraction<ParamValues<P>, Discord.APIMessageComponentSelectMenuInteraction>
  ) => Effect.Effect<unknown, unknown, R>
): Component<P, Omit<SelectOf<K>, "type" | "custom_id">, SelectOf<K>, R> =>
  makeComponent("component", name, settings, onUse(handle), (options) => ({ ...options, type: selectTypes[kind] }))

/**
 * Puts up to five buttons or one select into a row of a message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const row = (
  ...components: ReadonlyArray<Discord.APIComponentInMessageActionRow>
): Discord.APIActionRowComponent<Discord.APIComponentInMessageActionRow> => ({
  type: Discord.ComponentType.ActionRow,
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
  extends Interaction.Interaction<Discord.APIModalSubmitInteraction>, Interaction.WithMessage
{
  /** The texts of the fields. */
  readonly fields: F
  readonly params: P
}

/**
 * Changes of a modal: another title, and texts that fields have at first.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModalOptions<F extends string> {
  readonly title?: string
  readonly values?: { readonly [K in F]?: string }
}

/** Collects the texts of a submission, in labels and in rows. */
const readFields = (components: Discord.APIModalSubmission["components"]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    components
      .flatMap((each) => "component" in each ? [each.component] : "components" in each ? each.components : [])
      .flatMap((field) => "value" in field && typeof field.value === "string" ? [[field.custom_id, field.value]] : [])
  )

/**
 * Makes a modal with its handler.
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
): Component<P, ModalOptions<F>, Discord.APIModalInteractionResponseCallbackData, R> => {
  // The names of the fields are F.
  const fields = Object.entries(settings.fields) as unknown as ReadonlyArray<readonly [F, Field]>
  return makeComponent<P, ModalOptions<F>, Discord.APIModalInteractionResponseCallbackData, R>(
    "modal",
    name,
    settings,
    (interaction, params) => {
      // The dispatcher finds handlers by the type of the interaction.
      const raw = interaction.raw as Discord.APIModalSubmitInteraction
      const texts = readFields(raw.data.components)
      // Each field has a text.
      const values = Object.fromEntries(fields.map(([id]) => [id, texts[id] ?? ""])) as { readonly [K in F]: string }
      return handle({ ...interaction, raw, params, fields: values })
    },
    ({ title = settings.title, values }) => ({
      title,
      components: fields.map(([id, { description, label, ...field }]) => ({
        type: Discord.ComponentType.Label,
        label,
        description,
        component: {
          type: Discord.ComponentType.TextInput,
          custom_id: id,
          style: field.paragraph === true ? Discord.TextInputStyle.Paragraph : Discord.TextInputStyle.Short,
          required: field.required ?? true,
          min_length: field.minLength,
          max_length: field.maxLength,
          placeholder: field.placeholder,
          value: values?.[id]
        }
      }))
    })
  )
}
