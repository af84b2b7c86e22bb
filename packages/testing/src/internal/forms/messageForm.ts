/**
 * Forms of messages, embeds, components and modals.
 *
 * @see https://docs.discord.com/developers/resources/message
 * @see https://docs.discord.com/developers/components/reference
 */
import * as Form from "./form.js"

/** Flags of a message. */
export const ephemeral = 1 << 6
export const loading = 1 << 7
export const componentsV2 = 1 << 15

const maxEmbedSize = 6_000

const embedSize = (embed: unknown): number =>
  [
    Form.textAt(embed, "title"),
    Form.textAt(embed, "description"),
    ...["footer", "author"].flatMap((key) => {
      const part: unknown = Object(embed)[key]
      return [Form.textAt(part, "text"), Form.textAt(part, "name")]
    }),
    ...Form.listAt(embed, "fields").flatMap((field) => [Form.textAt(field, "name"), Form.textAt(field, "value")])
  ].reduce((size, text) => size + text.length, 0)

const media = Form.object({ url: Form.need(Form.url) })

const embed = Form.object({
  title: Form.string({ max: 256 }),
  description: Form.string({ max: 4_096 }),
  url: Form.url,
  timestamp: Form.string(),
  color: Form.integer({ min: 0, max: 0xffffff }),
  footer: Form.object({ text: Form.need(Form.string({ max: 2_048 })), icon_url: Form.url }),
  image: media,
  thumbnail: media,
  author: Form.object({ name: Form.need(Form.string({ max: 256 })), url: Form.url, icon_url: Form.url }),
  fields: Form.list(
    Form.object({
      name: Form.need(Form.string({ min: 1, max: 256 })),
      value: Form.need(Form.string({ min: 1, max: 1_024 })),
      inline: Form.boolean
    }),
    { max: 25 }
  )
})

const embeds = Form.and(
  Form.list(embed, { max: 10 }),
  (value) =>
    Array.isArray(value) && value.reduce((size, entry) => size + embedSize(entry), 0) > maxEmbedSize
      ? Form.problem("MAX_EMBED_SIZE_EXCEEDED", `Embed size exceeds maximum size of ${maxEmbedSize}`)
      : undefined
)

const emoji = Form.object({ id: Form.snowflake, name: Form.string(), animated: Form.boolean })
const customId = Form.string({ min: 1, max: 100 })

const type = (value: unknown): unknown => Object(value)["type"]

const buttonFields: Readonly<Record<string, Form.Check>> = {
  style: Form.need(Form.integer({ min: 1, max: 6 })),
  label: Form.string({ max: 80 }),
  emoji,
  disabled: Form.boolean
}

/** A button needs something to show. */
const looks: Form.Check = (value) =>
  Form.textAt(value, "label") === "" && Object(value)["emoji"] === undefined
    ? Form.problem("BUTTON_COMPONENT_INVALID_LABEL", "A button needs a label or an emoji")
    : undefined

const button: Form.Check = (value) => {
  switch (Object(value)["style"]) {
    case 5:
      return Form.object({ ...buttonFields, url: Form.need(Form.and(Form.string({ max: 512 }), Form.url)) })(value)
    case 6:
      return Form.object({ ...buttonFields, sku_id: Form.need(Form.snowflake) })(value)
    default:
      return Form.object({ ...buttonFields, custom_id: Form.need(customId) })(value) ?? looks(value)
  }
}

const selectFields: Readonly<Record<string, Form.Check>> = {
  custom_id: Form.need(customId),
  placeholder: Form.string({ max: 150 }),
  min_values: Form.integer({ min: 0, max: 25 }),
  max_values: Form.integer({ min: 1, max: 25 }),
  disabled: Form.boolean
}

const option = Form.object({
  label: Form.need(Form.string({ min: 1, max: 100 })),
  value: Form.need(Form.string({ min: 1, max: 100 })),
  description: Form.string({ max: 100 }),
  emoji,
  default: Form.boolean
})

/** Checks the bounds of a select against each other. */
const inOrder: Form.Check = (value) => {
  const { max_values: max = 1, min_values: min = 1 } = Object(value)
  return min > max
    ? { min_values: Form.problem("SELECT_COMPONENT_MIN_VALUES", "Must not exceed max_values.") }
    : undefined
}

const select = Form.and(Form.object(selectFields), inOrder)
const stringSelect = Form.and(
  Form.object({
    ...selectFields,
    options: Form.need(Form.and(Form.list(option, { min: 1, max: 25 }), (value) => {
      const values = Array.isArray(value) ? value.map((entry) => Form.textAt(entry, "value")) : []
      return new Set(values).size < values.length
        ? Form.problem("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
        : undefined
    }))
  }),
  inOrder
)

const textInput = Form.object({
  custom_id: Form.need(customId),
  style: Form.need(Form.choice(1, 2)),
  label: Form.string({ min: 1, max: 45 }),
  min_length: Form.integer({ min: 0, max: 4_000 }),
  max_length: Form.integer({ min: 1, max: 4_000 }),
  required: Form.boolean,
  value: Form.string({ max: 4_000 }),
  placeholder: Form.string({ max: 100 })
})

const typed = (check: Form.Check, allowed: ReadonlyArray<number>): Form.Check => (value) =>
  Form.object({ type: Form.need(Form.choice(...allowed)) })(value) ?? check(value)

const row = Form.object({
  components: Form.need(Form.and(
    (value) => Form.list((entry) => typed(component, [2, 3, 4, 5, 6, 7, 8])(entry), { min: 1, max: 5 })(value),
    (value) =>
      Array.isArray(value) && value.length > 1 && value.some((entry) => type(entry) !== 2)
        ? Form.problem("COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
        : undefined
  ))
})

const section = Form.object({
  components: Form.need(Form.list((value) => typed(component, [10])(value), { min: 1, max: 3 })),
  accessory: Form.need((value) => typed(component, [2, 11])(value))
})

const container = Form.object({
  components: Form.need(Form.list((value) => typed(component, [1, 9, 10, 12, 13, 14])(value), { min: 1 })),
  accent_color: Form.integer({ min: 0, max: 0xffffff })
})

const label = Form.object({
  label: Form.need(Form.string({ min: 1, max: 45 })),
  description: Form.string({ max: 100 }),
  component: Form.need((value) => typed(component, [3, 4, 5, 6, 7, 8, 19, 21, 22, 23])(value))
})

const gallery = Form.object({
  items: Form.need(Form.list(Form.object({ media: Form.need(media), description: Form.string({ max: 1_024 }) }), {
    min: 1,
    max: 10
  }))
})

const choices = Form.object({ custom_id: Form.need(customId), options: Form.list(option, { min: 1, max: 10 }) })

/** The check of each type of component; types that Discord adds later are not checked further. */
const checks: Readonly<Record<string, Form.Check>> = {
  1: row,
  2: button,
  3: stringSelect,
  4: textInput,
  5: select,
  6: select,
  7: select,
  8: select,
  9: section,
  10: Form.object({ content: Form.need(Form.string({ min: 1, max: 4_000 })) }),
  11: Form.object({ media: Form.need(media), description: Form.string({ max: 1_024 }) }),
  12: gallery,
  13: Form.object({ file: Form.need(media) }),
  14: Form.object({ divider: Form.boolean, spacing: Form.choice(1, 2) }),
  17: container,
  18: label,
  19: Form.object({ custom_id: Form.need(customId) }),
  21: choices,
  22: choices,
  23: Form.object({ custom_id: Form.need(customId) })
}

const component: Form.Check = (value) => checks[String(type(value))]?.(value)

/** All components at any depth. */
export const flatten = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value)
    ? value.flatMap(flatten)
    : typeof value === "object" && value !== null && "type" in value
    ? [
      value,
      ...flatten(Object(value)["components"]),
      ...flatten(Object(value)["accessory"]),
      ...flatten(Object(value)["component"])
    ]
    : []

const uniqueIds: Form.Check = (value) => {
  const ids = flatten(value).map((entry) => Form.textAt(entry, "custom_id")).filter((id) => id !== "")
  return new Set(ids).size < ids.length
    ? Form.problem("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    : undefined
}

const components = Form.and(Form.list(typed(component, [1]), { max: 5 }), uniqueIds)
const layout = Form.and(
  Form.list(typed(component, [1, 9, 10, 12, 13, 14, 17])),
  uniqueIds,
  (value) =>
    flatten(value).length > 40
      ? Form.problem("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "The total number of components cannot exceed 40")
      : undefined
)

const allowedMentions: Form.Check = Form.object({
  parse: Form.list(Form.choice("roles", "users", "everyone")),
  roles: Form.list(Form.snowflake, { max: 100 }),
  users: Form.list(Form.snowflake, { max: 100 }),
  replied_user: Form.boolean
})

const fields: Readonly<Record<string, Form.Check>> = {
  content: Form.string({ max: 2_000 }),
  embeds,
  components,
  allowed_mentions: allowedMentions,
  flags: Form.integer({ min: 0 }),
  tts: Form.boolean,
  nonce: Form.string({ max: 25 }),
  sticker_ids: Form.list(Form.snowflake, { max: 3 }),
  attachments: Form.list(
    Form.object({ id: Form.need(Form.snowflake), filename: Form.string(), description: Form.string({ max: 1_024 }) }),
    { max: 10 }
  ),
  message_reference: Form.object({ message_id: Form.need(Form.snowflake), type: Form.choice(0, 1) }),
  poll: Form.object({
    question: Form.need(Form.object({ text: Form.need(Form.string({ min: 1, max: 300 })) })),
    answers: Form.need(Form.list(Form.object({}), { min: 1, max: 10 })),
    duration: Form.integer({ min: 1, max: 768 })
  })
}

/** The form of a message. With components v2, it has neither a content nor embeds. */
export const message = (flags: number): Form.Check => {
  const used = Form.problem(
    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
  )
  const unused: Form.Check = (value) => String(value).length > 0 ? used : undefined
  return (flags & componentsV2) === 0
    ? Form.object(fields)
    : Form.object({ ...fields, components: layout, content: unused, embeds: unused, poll: unused })
}

/** The form of a modal. */
export const modal = Form.object({
  custom_id: Form.need(customId),
  title: Form.need(Form.string({ min: 1, max: 45 })),
  components: Form.need(
    Form.and(
      Form.list(typed(component, [1, 10, 18]), { min: 1, max: 5 }),
      uniqueIds,
      (value) =>
        Array.isArray(value) &&
          value.some((entry) =>
            type(entry) === 1 && Form.listAt(entry, "components").some((inner) => inner["type"] !== 4)
          )
          ? Form.problem("BASE_TYPE_CHOICES", "Value of field \"type\" must be one of (4,).")
          : undefined
    )
  )
})
