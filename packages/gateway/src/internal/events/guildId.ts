/** The guild of an event. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"

const isGuildEvent = (t: string) => t === "GUILD_CREATE" || t === "GUILD_UPDATE" || t === "GUILD_DELETE"

/** Returns the id of the event's guild, undefined for an event without one, such as a direct message. */
export const getGuildId = (event: Dispatch.Dispatch): string | undefined => {
  const body: unknown = event.d
  if (!Predicate.isRecord(body)) {
    return undefined
  }
  const id = isGuildEvent(event.t) ? body["id"] : body["guild_id"]
  return typeof id === "string" ? id : undefined
}
