/**
 * The form of application commands.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands
 */
import * as Form from "./form.js"

const maxSize = 8_000

const invalidName = Form.problem("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")

/** A lower-case name, where its letters have a lower case. */
const slashName: Form.Check = Form.and(
  Form.string({ min: 1, max: 32 }),
  Form.pattern(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u, invalidName),
  (value) => String(value) === String(value).toLowerCase() ? undefined : invalidName
)

const locales = new Set(
  ("id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru uk hi th zh-CN ja " +
    "zh-TW ko").split(" ")
)

const localizations = (check: Form.Check): Form.Check => (value) => {
  const entries = Object.entries(Object(value))
  const bad = entries.find(([locale]) => !locales.has(locale))
  return bad === undefined
    ? Form.object(Object.fromEntries(entries.map(([locale]) => [locale, check])))(value)
    : Form.problem("BASE_TYPE_CHOICES", `"${bad[0]}" is not a locale.`)
}

const description = Form.string({ min: 1, max: 100 })

/** Options with unique names, the required ones first. */
const ordered: Form.Check = (value) => {
  const options = Form.listAt({ value }, "value")
  const names = options.map((option) => option["name"])
  const duplicate = names.findIndex((name, index) => names.indexOf(name) < index)
  if (duplicate >= 0) {
    return {
      [duplicate]: {
        name: Form.problem("APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME", "Option name is already used")
      }
    }
  }
  const late = options.findIndex((option, index) =>
    option["required"] === true && options.slice(0, index).some((before) => before["required"] !== true)
  )
  return late < 0 ? undefined : {
    [late]: Form.problem(
      "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
      "Required options must be placed before non-required options"
    )
  }
}

const checkChoices = (type: number): Form.Check =>
  Form.list(
    Form.object({
      name: Form.need(Form.string({ min: 1, max: 100 })),
      name_localizations: localizations(Form.string({ min: 1, max: 100 })),
      value: Form.need(type === 3 ? Form.string({ max: 100 }) : type === 4 ? Form.integer() : Form.number())
    }),
    { max: 25 }
  )

/** An option at a depth: 0 in the command, 1 in a group or subcommand of it, 2 below a group. */
const optionAt = (depth: number): Form.Check => (value) => {
  const type = Number(Object(value)["type"])
  // A group contains subcommands alone, and a subcommand no other.
  const nested = type === 1 || type === 2
  const isAllowed = depth === 0 || (depth === 1 ? type !== 2 : !nested)
  if (!isAllowed) {
    return { type: Form.problem("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command cannot be nested here") }
  }
  const hasChoices = type === 3 || type === 4 || type === 10
  const errors = Form.object({
    type: Form.need(Form.integer({ min: 1, max: 11 })),
    name: Form.need(slashName),
    name_localizations: localizations(slashName),
    description: Form.need(description),
    description_localizations: localizations(description),
    required: Form.boolean,
    autocomplete: Form.boolean,
    choices: hasChoices ? checkChoices(type) : Form.list(() => undefined, { max: 0 }),
    min_length: Form.integer({ min: 0, max: 6_000 }),
    max_length: Form.integer({ min: 1, max: 6_000 }),
    channel_types: Form.list(Form.integer()),
    options: nested
      ? Form.and(Form.list(optionAt(type === 2 ? 1 : 2), { max: 25 }), ordered)
      : Form.list(() => undefined, { max: 0 })
  })(value)
  const choices = Form.listAt(value, "choices")
  if (errors !== undefined || Object(value)["autocomplete"] !== true) {
    return errors
  }
  return choices.length > 0 || !hasChoices
    ? {
      autocomplete: Form.problem(
        "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
        "Autocomplete is for string, integer and number options without choices"
      )
    }
    : undefined
}

/** Subcommands and other options do not mix. */
const unmixed: Form.Check = (value) => {
  const types = Form.listAt({ value }, "value").map((option) => option["type"] === 1 || option["type"] === 2)
  return new Set(types).size > 1
    ? Form.problem("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands and options cannot be mixed")
    : undefined
}

const getSize = (value: unknown): number => {
  const own = ["name", "description", "value"].map((key) => {
    const localized: ReadonlyArray<unknown> = Object.values(Object(Object(value)[`${key}_localizations`]))
    return Math.max(Form.textAt(value, key).length, ...localized.map((text) => String(text).length))
  })
  const inner = [...Form.listAt(value, "options"), ...Form.listAt(value, "choices")]
  return own.reduce((sum, length) => sum + length, 0) + inner.reduce((sum, entry) => sum + getSize(entry), 0)
}

const small: Form.Check = (value) =>
  getSize(value) > maxSize
    ? Form.problem("APPLICATION_COMMAND_TOO_LARGE", `Command exceeds maximum size (${maxSize})`)
    : undefined

const common: Readonly<Record<string, Form.Check>> = {
  type: Form.integer({ min: 1, max: 4 }),
  default_member_permissions: Form.pattern(/^\d+$/, Form.problem("PERMISSIONS_INVALID", "Not a set of permissions")),
  dm_permission: Form.boolean,
  nsfw: Form.boolean,
  integration_types: Form.list(Form.choice(0, 1)),
  contexts: Form.list(Form.choice(0, 1, 2))
}

const slashCommand = Form.and(
  Form.object({
    ...common,
    name: Form.need(slashName),
    name_localizations: localizations(slashName),
    description: Form.need(description),
    description_localizations: localizations(description),
    options: Form.and(Form.list(optionAt(0), { max: 25 }), ordered, unmixed)
  }),
  small
)

const menuName = Form.string({ min: 1, max: 32 })
const menuCommand = Form.object({
  ...common,
  name: Form.need(menuName),
  name_localizations: localizations(menuName),
  description: Form.string({ max: 0 }),
  options: Form.list(() => undefined, { max: 0 })
})

/** The type of a command: 1 for a slash command. */
export const readType = (body: unknown): number => Number(Object(body)["type"] ?? 1)

/** The form of a command. */
export const command: Form.Check = (value) => (readType(value) === 1 ? slashCommand : menuCommand)(value)
