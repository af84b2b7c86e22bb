/** The names and descriptions of a definition by locale. */
import type { Localized } from "../../Command.js"

/** Returns the fields for translated names and descriptions. */
export const localized = (localizations: Localized["localizations"]) =>
  Object.fromEntries((["name", "description"] as const).flatMap((field) => {
    const texts = Object.entries(localizations ?? {}).flatMap(([locale, { [field]: text }]) =>
      text === undefined ? [] : [[locale, text]]
    )
    return texts.length === 0 ? [] : [[`${field}_localizations`, Object.fromEntries(texts)]]
  }))
