/**
 * What the bot is seen doing is a session's, and is gone with it: the next identify says it again. Only what an identify
 * may carry is remembered, for Discord closes the connection over any other.
 */
import * as Command from "@vesper/model/Command"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ShardState } from "./shardState.js"

const isUpdate = Schema.is(Command.PresenceUpdate)

/** The text of a presence update is written now. */
export const remember = (state: ShardState, text: string): void => {
  const payload: unknown = JSON.parse(text)
  if (isUpdate(payload)) {
    state.presence = Option.some(payload.d)
  }
}
