/** The kinds of commands, by which the queue orders and replaces them. */
import * as Opcode from "@vesper/model/Opcode"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * The kind of a command. A newer presence replaces a waiting one, and a newer voice state that of its guild. Bulk requests
 * cover one guild or a hundred ids each, so a program sends hundreds of them.
 */
export type CommandKind = Data.TaggedEnum<{
  Plain: {}
  Bulk: {}
  Presence: {}
  VoiceState: { readonly guildId: string }
}>

export const CommandKind = Data.taggedEnum<CommandKind>()

const plain = CommandKind.Plain()
const bulk = CommandKind.Bulk()
const presence = CommandKind.Presence()

/** Returns the kind of a payload, which may be JSON of the program. */
export const of = (payload: unknown): CommandKind => {
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
        ? CommandKind.VoiceState({ guildId: d["guild_id"] })
        : plain
    default:
      return plain
  }
}

/** Checks that a newer command of the kind replaces a waiting one. */
export const isState = (kind: CommandKind): boolean => kind._tag === "Presence" || kind._tag === "VoiceState"
