/** The kinds of commands and the order in which a queue writes them. Pure decisions: the queue carries them out. */
import * as Opcode from "@vesper/model/Opcode"
import * as Data from "effect/Data"
import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"

/**
 * The kind of a command. Of presences, and of the voice states of one guild, only the newest counts. Bulk requests are the
 * ones that a program sends by the hundred, because each covers one guild or a hundred ids.
 */
export type Kind = Data.TaggedEnum<{
  Plain: {}
  Bulk: {}
  Presence: {}
  VoiceState: { readonly guildId: string }
}>

export const Kind = Data.taggedEnum<Kind>()

const plain = Kind.Plain()
const bulk = Kind.Bulk()
const presence = Kind.Presence()

/** Returns the kind of a payload, also of one that the program built as JSON. */
export const of = (payload: unknown): Kind => {
  if (!Predicate.isRecord(payload)) {
    return plain
  }
  const { d, op } = payload
  switch (op) {
    case Opcode.PresenceUpdate:
      return presence
    case Opcode.RequestGuildMembers:
    case Opcode.RequestChannelInfo:
      return bulk
    case Opcode.VoiceStateUpdate:
      return Predicate.isRecord(d) && typeof d["guild_id"] === "string"
        ? Kind.VoiceState({ guildId: d["guild_id"] })
        : plain
    default:
      return plain
  }
}

/** A place in the queue. */
export interface Place {
  readonly kind: Kind
  /** The command of this place is being written and can no longer be replaced. */
  readonly isWriting: boolean
}

/** The kinds that a limit of their own holds back. */
export interface Held {
  readonly presences: boolean
  readonly bulk: boolean
}

export const nothingHeld: Held = { presences: false, bulk: false }

/** Returns whether a queue never holds more than one command of the kind. */
export const isState = (kind: Kind): boolean => kind._tag === "Presence" || kind._tag === "VoiceState"

/** Returns the index of the place whose command a newer one of its kind replaces; -1 if it needs its own place. */
export const replaces = (queue: ReadonlyArray<Place>, kind: Kind): number =>
  isState(kind) ? queue.findIndex((place) => !place.isWriting && Equal.equals(place.kind, kind)) : -1

/** Other commands that pass a waiting bulk request before it is written. */
export const maxPassing = 4

/**
 * Returns the index of the place to write next; -1 if there is none. Commands keep the order in which they were given, with
 * two exceptions: kinds that are held let others pass, and bulk requests let `maxPassing` others pass at a time. `passed`
 * counts the others since the last bulk request.
 */
export const next = (queue: ReadonlyArray<Place>, held: Held, passed: number): number => {
  const firstBulk = held.bulk ? -1 : queue.findIndex(({ kind }) => kind._tag === "Bulk")
  if (firstBulk !== -1 && passed >= maxPassing) {
    return firstBulk
  }
  const firstOther = queue.findIndex(({ kind }) =>
    kind._tag !== "Bulk" && !(held.presences && kind._tag === "Presence")
  )
  return firstOther === -1 ? firstBulk : firstOther
}

/** Returns how many others have passed the waiting bulk requests, once a command of `kind` was written. */
export const passedAfter = (queue: ReadonlyArray<Place>, kind: Kind, passed: number): number =>
  kind._tag !== "Bulk" && queue.some((place) => place.kind._tag === "Bulk") ? passed + 1 : 0
