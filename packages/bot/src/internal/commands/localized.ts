/** The names and descriptions of a definition by locale. */
import type { Localizations } from "../../Command.js"

const nameLocalizations = (localizations: Localizations | undefined, field: "name" | "description") => {
  const entries = Object.entries(localizations ?? {}).flatMap(([locale, texts]) =>
    texts[field] === undefined ? [] : [[locale, texts[field]] as const]
  )
  return entries.length === 0 ? {} : { [`${field}_localizations`]: Object.fromEntries(entries) }
}

/** Returns the fields for translated names and descriptions. */
export const localized = (localizations: Localizations | undefined) => ({
  ...nameLocalizations(localizations, "name"),
  ...nameLocalizations(localizations, "description")
})
