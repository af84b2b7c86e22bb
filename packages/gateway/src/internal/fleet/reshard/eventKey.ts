/** Keys of events, equal for the two copies of one event that two sessions receive. */
import * as Dispatch from "@vesper/model/Dispatch"
import * as Predicate from "effect/Predicate"

/** Events that occur once for each `id`. */
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

/** Replies to requests of one session, which no other session receives. */
const replies: ReadonlySet<string> = new Set([
  "CHANNEL_INFO",
  "GUILD_MEMBERS_CHUNK",
  "RATE_LIMITED",
  "SOUNDBOARD_SOUNDS"
])

/** Returns whether an event replies to a request of its session. */
export const isReply = (t: string): boolean => replies.has(t)

/** Hashes a text to 53 bits, so that different events of one guild within seconds have different keys. */
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
  /** Equal for both copies of an event. */
  readonly key: string
  /** No other event has this key. */
  readonly isAnchor: boolean
}

/** Makes the key of an event from its contents, without its sequence. */
export const make = (event: Dispatch.Dispatch): EventKey => {
  const name = Dispatch.name(event)
  const body: unknown = event.d
  if (Predicate.isRecord(body) && typeof body["id"] === "string") {
    if (once.has(name)) {
      return { key: `${name}:${body["id"]}`, isAnchor: true }
    }
    if (name === "GUILD_CREATE") {
      // A snapshot, taken for each session at its own time and repeated after an outage.
      return { key: `${name}:${body["id"]}`, isAnchor: false }
    }
  }
  return { key: `${name}#${hash(JSON.stringify(body) ?? "")}`, isAnchor: false }
}
