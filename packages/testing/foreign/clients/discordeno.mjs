import { createGatewayManager, TransportCompression } from "@discordeno/gateway"
import { failed, received, serve, settings } from "./harness.mjs"

const response = await fetch(`${settings.http}/api/v10/gateway/bot`, {
  headers: { authorization: `Bot ${settings.token}` }
})
const bot = await response.json()
const compressions = { "zlib-stream": TransportCompression.zlib, "zstd-stream": TransportCompression.zstd }
const waiting = []
const quiet = () => {}
const gateway = createGatewayManager({
  token: settings.token,
  intents: settings.intents,
  url: bot.url,
  totalShards: 1,
  connection: {
    url: bot.url,
    shards: 1,
    sessionStartLimit: { total: 1000, remaining: 1000, resetAfter: 0, maxConcurrency: 1 }
  },
  transportCompression: compressions[settings.compression] ?? null,
  logger: { debug: quiet, info: quiet, warn: quiet, error: failed, fatal: failed },
  events: {
    message: (_, { d, op, t }) => {
      if (op !== 0) {
        return
      }
      received(t, d)
      if (t === "GUILD_MEMBERS_CHUNK") {
        waiting.shift()?.(d.members.length)
      }
    }
  }
})
serve({
  members: async ({ guild }) => {
    const members = new Promise((resolve) => waiting.push(resolve))
    await gateway.shards.get(0).send({ op: 8, d: { guild_id: guild, query: "", limit: 0 } })
    return members
  },
  presence: () => gateway.editShardStatus(0, { status: "idle", activities: [] })
})
await gateway.spawnShards()
