/**
 * Keeps the presence of a session up to date. An IDENTIFY sets the presence and a RESUME keeps it, so the shard sends its
 * current presence again if the session shows another one.
 */
import * as Command from "@vesper/model/Command"
import * as Opcode from "@vesper/model/Opcode"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Kind from "./kind.js"
import * as Outgoing from "./outgoingMessage.js"
import type { CommandQueue } from "./queue.js"

/** The presence of a shard. */
export interface PresenceState {
  /** The presence that the bot should show: that of the config, or of the last command. */
  presence: Option.Option<Command.Presence>
  /** The presence that the session shows, as text; undefined if it is not known. */
  shownPresence: string | undefined
}

/** Encodes a presence; equal presences have equal texts. */
export const text = (d: Command.Presence): string => {
  const { activities, afk, since, status } = d
  return JSON.stringify({
    since,
    activities: activities.map(({ name, state, type, url }) => ({ name, type, url, state })),
    status,
    afk
  })
}

/** Stores the presence of a written command, unless it is invalid in an IDENTIFY. */
export const remember = (state: PresenceState, { payload }: Outgoing.OutgoingCommand): void => {
  const command = Either.getOrUndefined(Command.validate(payload))
  if (command?.op === Opcode.PresenceUpdate) {
    state.presence = Option.some(command.d)
    state.shownPresence = text(command.d)
  }
}

/**
 * Enqueues the presence if the new session shows another one: that of an earlier process, or none because the IDENTIFY had
 * no room for it. A presence that waits in the queue is newer and is sent instead.
 */
export const enqueueIfDifferent = (
  { commands, presence, shownPresence }: PresenceState & {
    readonly commands: Pick<CommandQueue, "unsafeIsWaiting" | "unsafeOffer">
  }
): void => {
  if (
    Option.isSome(presence) && shownPresence !== text(presence.value) &&
    !commands.unsafeIsWaiting(Kind.CommandKind.Presence())
  ) {
    Either.map(Outgoing.presence(presence.value), commands.unsafeOffer)
  }
}
