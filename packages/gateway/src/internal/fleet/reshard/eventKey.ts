/** By what the two copies of one event, from two sessions, are known to be the same. */
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"

/** Events whose `id` comes with this name once only. */
const once: ReadonlySet<string> = new Set([
  "AUTO_MODERATION_RULE_CREATE",
  "AUTO_MODERATION_RULE_DELETE",
  "CHANNEL_CREATE",
  "CHANNEL_DELETE",
  "ENTITLEMENT_CREATE",
  "GUILD_AUDIT_LOG_ENTRY_CREATE",
  "GUILD_SCHEDULED_EVENT_CREATE",
  "GUILD_SCHEDULED_EVENT_DELETE",
  "INTERACTION_CREATE",
  "MESSAGE_CREATE",
  "MESSAGE_DELETE",
  "STAGE_INSTANCE_CREATE",
  "STAGE_INSTANCE_DELETE",
  "SUBSCRIPTION_CREATE",
  "THREAD_DELETE"
])

/** Answers to what one session asked for: they have no copy on another. */
const answers: ReadonlySet<string> = new Set([
  "CHANNEL_INFO",
  "GUILD_MEMBERS_CHUNK",
  "RATE_LIMITED",
  "SOUNDBOARD_SOUNDS"
])

export const isAnswer = (t: string): boolean => answers.has(t)

/** 53 bits of a text: two different events of one guild within seconds do not share them by chance. */
const hash = (text: string): string => {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return ((low >>> 0) * 0x200000 + (high >>> 11)).toString(36)
}

export interface EventKey {
  readonly key: string
  readonly isAnchor: boolean
}

/** The key of an event, without its number. */
export const make = (event: Dispatch.Dispatch): EventKey => {
  const name = event.t === "UnknownDispatch" ? event.name : event.t
  const body: unknown = event.d
  if (Predicate.isRecord(body) && typeof body["id"] === "string") {
    if (once.has(name)) {
      return { key: `${name}:${body["id"]}`, isAnchor: true }
    }
    if (name === "GUILD_CREATE") {
      // A snapshot, which each session takes at its own moment; it may come again after an outage.
      return { key: `${name}:${body["id"]}`, isAnchor: false }
    }
  }
  return { key: `${name}#${hash(JSON.stringify(body) ?? "")}`, isAnchor: false }
}
