/** Bans each user who writes into a channel with `[honeypot]` in its topic, and removes the messages of the last five days. */
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Effect } from "effect"
import { getTopic } from "./Topics.js"

export const keyword = "[honeypot]"

const deletedSeconds = 5 * 86_400

export const layer = Events.layer(
  Events.on("MESSAGE_CREATE", ({ d: { author, channel_id, guild_id } }) =>
    Effect.gen(function*() {
      if (guild_id === undefined || author.bot === true) {
        return
      }
      if ((yield* getTopic(guild_id, channel_id)).includes(keyword)) {
        const rest = yield* Rest.Rest
        yield* Effect.logInfo(`${author.username} wrote into the honeypot and is banned`)
        const reason = { reason: "Wrote into the honeypot" }
        yield* rest.guilds.banUser(guild_id, author.id, { delete_message_seconds: deletedSeconds }, reason)
      }
    }))
)
