/** Every event's body, built when it is first asked for. */
import * as Schema from "effect/Schema"
import * as EventType from "../EventType.js"
import { Id, Integer } from "../objects/Wire.js"

// The other events follow; until then their bodies are trusted to be objects.
const trusted = () => Schema.Struct({})

export const events: { readonly [T in EventType.EventType]: () => Schema.Schema.AnyNoContext } = {
  ...(Object.fromEntries(EventType.all.map((name) => [name, trusted])) as {
    readonly [T in EventType.EventType]: typeof trusted
  }),
  TYPING_START: () =>
    Schema.Struct({
      channel_id: Id,
      guild_id: Schema.optional(Id),
      user_id: Id,
      timestamp: Integer
    })
}
