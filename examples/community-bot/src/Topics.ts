/** The topics of channels, which switch the features on. */
import { GuildState } from "@vesper/state"
import { Effect, Layer, Option } from "effect"

/** The state that the features need. Provided once to all of them, it is built once. */
export const layer = Layer.orDie(GuildState.layer({ channels: true, threads: true }))

/** Returns the topic of a channel, or of the channel of a thread; empty without one. */
export const getTopic = (guildId: string, id: string) =>
  Effect.gen(function*() {
    const state = yield* GuildState.GuildState
    const parent = Option.flatMapNullable(yield* state.thread(guildId, id), ({ parent_id }) => parent_id)
    const channel = yield* state.channel(guildId, Option.getOrElse(parent, () => id))
    return Option.match(channel, {
      onNone: () => "",
      onSome: (it) => "topic" in it ? it.topic ?? "" : ""
    })
  })
