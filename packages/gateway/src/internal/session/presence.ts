/** The presence of a bot belongs to its session, and the next IDENTIFY repeats it. */
import * as Command from "@vesper/model/Command"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { OutgoingCommand } from "../commands/outgoing.js"
import type { ShardState } from "../shardState.js"

const isUpdate = Schema.is(Command.PresenceUpdate)

/** Remembers the presence of a command that was written. One that an IDENTIFY must not carry is forgotten. */
export const remember = (state: Pick<ShardState, "presence">, { payload }: OutgoingCommand): void => {
  if (isUpdate(payload)) {
    state.presence = Option.some(payload.d)
  }
}
