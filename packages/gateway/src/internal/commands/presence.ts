/**
 * The presence of a bot belongs to its session: an IDENTIFY sets it, a RESUME keeps it. The shard remembers the presence
 * that it should show, and sends it again where a session shows another one.
 */
import * as Command from "@vesper/model/Command"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Kind from "./kind.js"
import * as Outgoing from "./outgoing.js"
import type { ShardState } from "../state/index.js"

/** The text of a presence, equal for equal presences. */
export const text = (d: Command.Presence): string => {
  const { activities, afk, since, status } = d
  return JSON.stringify({
    since,
    activities: activities.map(({ name, state, type, url }) => ({ name, type, url, state })),
    status,
    afk
  })
}

const isUpdate = Schema.is(Command.PresenceUpdate)

/** Remembers the presence of a command that was written. One that an IDENTIFY must not carry is forgotten. */
export const remember = (
  state: Pick<ShardState.ShardState, "presence" | "shownPresence">,
  { payload }: Outgoing.OutgoingCommand
): void => {
  if (isUpdate(payload)) {
    state.presence = Option.some(payload.d)
    state.shownPresence = text(payload.d)
  }
}

/** Whether the session shows another presence than the shard should. */
const differs = ({ shownPresence }: ShardState.ShardState, presence: Command.Presence): boolean =>
  shownPresence !== text(presence)

/**
 * Enqueues the presence if the session, which has just been established, shows another one: that of an earlier process,
 * or none because the IDENTIFY had no room for it. A presence that waits in the queue is newer, and is sent instead.
 */
export const enqueueIfDifferent = (state: ShardState.ShardState): void => {
  const { commands, presence } = state
  if (
    Option.isSome(presence) && differs(state, presence.value) && !commands.unsafeIsWaiting(Kind.Kind.Presence())
  ) {
    Either.map(Outgoing.presence(presence.value), commands.unsafeOffer)
  }
}
