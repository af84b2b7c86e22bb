import { ActivityType, Client } from "discord.js"
import { failed, received, serve, settings } from "./harness.mjs"

const client = new Client({ intents: settings.intents, rest: { api: `${settings.http}/api` } })
client.on("raw", ({ d, t }) => t && received(t, d))
client.on("error", failed)
client.on("shardError", failed)
serve({
  members: async ({ guild }) => (await client.guilds.cache.get(guild).members.fetch()).size,
  presence: () =>
    void client.user.setPresence({ activities: [{ name: "a", type: ActivityType.Playing }], status: "idle" })
})
await client.login(settings.token)
