/** Where an event happened. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"

const isAboutGuild = (t: string) => t === "GUILD_CREATE" || t === "GUILD_UPDATE" || t === "GUILD_DELETE"

/** The id of its guild; nothing for what has none, such as a direct message. */
export const guildOf = (event: Dispatch.Dispatch): string | undefined => {
  const body: unknown = event.d
  if (!Predicate.isRecord(body)) {
    return undefined
  }
  const id = isAboutGuild(event.t) ? body["id"] : body["guild_id"]
  return typeof id === "string" ? id : undefined
}
