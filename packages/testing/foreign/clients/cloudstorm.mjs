import { Client } from "cloudstorm"
import { failed, received, serve, settings } from "./harness.mjs"

const client = new Client(settings.token, {
  intents: settings.intents,
  shards: [0],
  totalShards: 1,
  ws: { compress: settings.compression === "zlib-stream", encoding: "json" },
  snowtransferInstance: {
    bot: {
      getGatewayBot: async () =>
        (await fetch(`${settings.http}/api/v10/gateway/bot`, { headers: { authorization: `Bot ${settings.token}` } }))
          .json()
    }
  }
})
const waiting = []
client.on("dispatch", ({ d, t }) => {
  received(t, d)
  if (t === "GUILD_MEMBERS_CHUNK") {
    waiting.shift()?.(d.members.length)
  }
})
client.on("error", failed)
serve({
  members: async ({ guild }) => {
    const members = new Promise((resolve) => waiting.push(resolve))
    await client.requestGuildMembers(0, { guild_id: guild, query: "", limit: 0 })
    return members
  },
  presence: () => client.presenceUpdate({ status: "idle", activities: [], since: null, afk: false })
})
await client.connect()
