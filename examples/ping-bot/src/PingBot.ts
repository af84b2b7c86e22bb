/** Answers `!ping` with how long the gateway takes to answer a heartbeat. */
import { Events, type Latency, Shard } from "@vesper/gateway"
import { Chunk, Duration, Effect, Option } from "effect"
import { Messages } from "./Messages.js"

/** The reply of the bot; before the first acknowledgement the latency is unknown. */
export const pong = ({ recent }: Latency.Latency): string =>
  Option.match(Chunk.head(recent), {
    onNone: () => "pong",
    onSome: (latency) => `pong, ${Math.round(Duration.toMillis(latency))} ms`
  })

export const handlers = Events.on(
  "MESSAGE_CREATE",
  ({ d: { author, channel_id, content } }) =>
    Effect.gen(function*() {
      // Two bots that answer each other would never stop.
      if (author.bot === true || content.trim() !== "!ping") {
        return
      }
      const shard = yield* Shard.Shard
      const messages = yield* Messages
      yield* messages.send(channel_id, pong(yield* shard.latency))
    }),
  { from: "everywhere", intents: ["MessageContent"] }
)

/** The content of messages is privileged: enable the intent in Discord's developer portal. */
export const config = Events.config(handlers, { privileged: ["MessageContent"] })

/** Runs until it is interrupted, or Discord closes the shard permanently. A slow answer holds up seven others at most. */
export const run = Events.run(handlers, { concurrency: 8 })
