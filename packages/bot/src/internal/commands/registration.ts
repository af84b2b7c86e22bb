/** Registers commands with Discord: only those that differ from what Discord has. */
import { ApplicationCommandType } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Definition } from "../../Interaction.js"
import type * as Rest from "../../Rest.js"
import type * as RestError from "../../RestError.js"

/** The numbers of a registration. */
export interface Registration {
  readonly created: number
  readonly changed: number
  readonly deleted: number
  readonly unchanged: number
}

/** Fields that Discord sets by itself if a definition does not have them. */
const whenDefined: ReadonlyArray<string> = ["contexts", "integration_types"]

const compared: ReadonlyArray<string> = [
  "name",
  "name_localizations",
  "description",
  "description_localizations",
  "type",
  "options",
  "default_member_permissions",
  "nsfw",
  "required",
  "choices",
  "value",
  "channel_types",
  "min_value",
  "max_value",
  "min_length",
  "max_length",
  "autocomplete"
]

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isDefault = (value: unknown): boolean =>
  value === undefined || value === null || value === false || value === "" ||
  (isRecord(value) && Object.keys(value).length === 0)

/** Writes a definition without defaults and in one order, so that equal definitions have equal texts. */
const toText = (value: unknown, fields: ReadonlyArray<string>): string => {
  if (Array.isArray(value)) {
    return `[${value.map((entry) => toText(entry, fields)).join(",")}]`
  }
  if (!isRecord(value)) {
    return JSON.stringify(value)
  }
  const entries = Object.entries(value)
    .filter(([name, entry]) => fields.includes(name) && !isDefault(entry))
    .map(([name, entry]) =>
      // Locales are names of their own.
      `${name}:${toText(entry, /_localizations$/.test(name) && isRecord(entry) ? Object.keys(entry) : fields)}`
    )
  return `{${entries.sort().join(",")}}`
}

export const isSame = (wanted: Definition, present: unknown): boolean => {
  const own: ReadonlyArray<string> = whenDefined.filter((name) => isRecord(wanted) && !isDefault(wanted[name]))
  const fields = [...compared, ...own]
  return toText(wanted, fields) === toText(present, fields)
}

const toKey = ({ name, type }: { readonly name: string; readonly type?: number | undefined }): string =>
  `${type ?? ApplicationCommandType.ChatInput} ${name}`

/** Makes Discord's commands those of the bot. The Entry Point command of an activity remains. */
export const register = (
  rest: Rest.Rest,
  applicationId: string,
  guild: Option.Option<string>,
  definitions: ReadonlyArray<Definition>
): Effect.Effect<Registration, RestError.RestError> =>
  Effect.gen(function*() {
    const { applicationCommands: commands } = rest
    const present = yield* Option.match(guild, {
      onNone: () => commands.getGlobalCommands(applicationId, { with_localizations: true }),
      onSome: (id) => commands.getGuildCommands(applicationId, id, { with_localizations: true })
    })
    const known = new Map(present.map((command) => [toKey(command), command]))
    const wanted = new Set(definitions.map(toKey))
    const differing = definitions.filter((definition) => {
      const command = known.get(toKey(definition))
      return command === undefined || !isSame(definition, command)
    })
    const created = differing.filter((definition) => !known.has(toKey(definition)))
    const stale = present.filter((command) =>
      !wanted.has(toKey(command)) && command.type !== ApplicationCommandType.PrimaryEntryPoint
    )
    // A creation replaces a command of the same name.
    yield* Effect.forEach(differing, (definition) =>
      Option.match(guild, {
        onNone: () => commands.createGlobalCommand(applicationId, definition),
        onSome: (id) => commands.createGuildCommand(applicationId, id, definition)
      }), { discard: true })
    yield* Effect.forEach(stale, ({ id }) =>
      Option.match(guild, {
        onNone: () => commands.deleteGlobalCommand(applicationId, id),
        onSome: (guildId) => commands.deleteGuildCommand(applicationId, guildId, id)
      }), { discard: true })
    return {
      created: created.length,
      changed: differing.length - created.length,
      deleted: stale.length,
      unchanged: definitions.length - differing.length
    }
  })
