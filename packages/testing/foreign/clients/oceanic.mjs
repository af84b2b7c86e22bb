import { Client } from "oceanic.js"
import { failed, received, serve, settings } from "./harness.mjs"

const client = new Client({
  auth: `Bot ${settings.token}`,
  rest: { baseURL: `${settings.http}/api/v10` },
  gateway: {
    intents: settings.intents,
    maxShards: 1,
    compress: settings.compression === "none" ? false : settings.compression
  }
})
client.on("packet", ({ d, op, t }) => op === 0 && received(t, d))
client.on("error", failed)
serve({
  members: async ({ guild }) => (await client.guilds.get(guild).fetchMembers()).length,
  presence: () => client.editStatus("idle", [{ name: "a", type: 0 }])
})
await client.connect()
