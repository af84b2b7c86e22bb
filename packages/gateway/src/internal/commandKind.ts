/**
 * Which commands stand for a state that only the newest counts of, and what that means for the queue. Decisions alone:
 * the queue carries them out.
 */
import * as Opcode from "@vesper/model/Opcode"
import * as Data from "effect/Data"
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"

/** A presence, the voice state of a guild, or anything else. */
export type Kind = Data.TaggedEnum<{
  Plain: {}
  Presence: {}
  VoiceState: { readonly guildId: string }
}>

export const Kind = Data.taggedEnum<Kind>()

const plain = Kind.Plain()
const presence = Kind.Presence()

/** The kind of a payload, whoever made it. */
export const of = (payload: unknown): Kind => {
  if (!Predicate.isRecord(payload)) {
    return plain
  }
  const { d, op } = payload
  if (op === Opcode.PresenceUpdate) {
    return presence
  }
  return op === Opcode.VoiceStateUpdate && Predicate.isRecord(d) && typeof d["guild_id"] === "string"
    ? Kind.VoiceState({ guildId: d["guild_id"] })
    : plain
}

/** A place in the queue. */
export interface Place {
  readonly kind: Kind
  /** It is being written, and can be changed no more. */
  readonly isWriting: boolean
}

/** Whether a queue never holds more than one of the kind. */
export const isState = (kind: Kind): boolean => kind._tag !== "Plain"

/** The index of the place that a command takes over, from an older one of its kind; -1 if it needs its own. */
export const takesOver = (queue: ReadonlyArray<Place>, kind: Kind): number =>
  isState(kind) ? queue.findIndex((place) => !place.isWriting && Equal.equals(place.kind, kind)) : -1

/**
 * The index of the place that is to be written next; -1 if there is none. While presences are held back by their own
 * limit, they let the others pass.
 */
export const next = (queue: ReadonlyArray<Place>, arePresencesHeld: boolean): number =>
  queue.findIndex(({ kind }) => !(arePresencesHeld && kind._tag === "Presence"))
