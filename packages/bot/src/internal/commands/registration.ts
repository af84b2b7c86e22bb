/** Registers commands with Discord: only those that differ from what Discord has. */
import { type APIApplicationCommand, ApplicationCommandType } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import type { Definition } from "../../Interaction.js"
import type * as Rest from "../../Rest.js"

/** Fields that Discord sets by itself if a definition does not have them. */
const whenDefined: ReadonlyArray<string> = ["contexts", "integration_types"]

const compared =
  ("name name_localizations description description_localizations type options nsfw required choices value " +
    "default_member_permissions channel_types min_value max_value min_length max_length autocomplete").split(" ")

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

/**
 * Makes Discord's commands those of the bot, and returns the numbers of changes and failures. Each failure is logged and does not affect
 * other commands. The Entry Point command of an activity remains.
 */
export const register = (
  rest: Rest.Rest,
  application: string,
  guild: string | undefined,
  definitions: ReadonlyArray<Definition>
) =>
  Effect.gen(function*() {
    const route = `/applications/${application}${guild === undefined ? "" : `/guilds/${guild}`}/commands` as const
    const query = new URLSearchParams({ with_localizations: "true" })
    const response = yield* rest.request({ method: "GET", route, query })
    // The documented response of both routes.
    const present = response as ReadonlyArray<APIApplicationCommand>
    const known = new Map(present.map((command) => [toKey(command), command]))
    const wanted = new Set(definitions.map(toKey))
    const differing = definitions.filter((definition) => !isSame(definition, known.get(toKey(definition))))
    const stale = present.filter((command) =>
      !wanted.has(toKey(command)) && command.type !== ApplicationCommandType.PrimaryEntryPoint
    )
    // A creation replaces a command of the same name.
    const [refused, accepted] = yield* Effect.partition(differing, (body) =>
      rest.request({ method: "POST", route, body }).pipe(
        Effect.as(known.has(toKey(body)) ? "changed" : "created"),
        Effect.tapError((error) =>
          Effect.logError(`The command "${body.name}" was not registered: ${error.message}`)
        )
      ))
    const [remaining, deleted] = yield* Effect.partition(stale, ({ id, name }) =>
      rest.request({ method: "DELETE", route: `${route}/${id}` }).pipe(
        Effect.tapError((error) =>
          Effect.logError(`The old command "${name}" was not deleted: ${error.message}`)
        )
      ))
    const created = accepted.filter((change) =>
      change === "created"
    ).length
    return {
      created,
      changed: accepted.length - created,
      deleted: deleted.length,
      unchanged: definitions.length - differing.length,
      failed: refused.length + remaining.length
    }
  })
