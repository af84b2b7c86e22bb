import { Client, GatewayDispatchEvents } from "@discordjs/core"
import { REST } from "@discordjs/rest"
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws"
import { failed, received, serve, settings } from "./harness.mjs"

const rest = new REST({ api: `${settings.http}/api` }).setToken(settings.token)
const gateway = new WebSocketManager({
  token: settings.token,
  intents: settings.intents,
  rest,
  compression: settings.compression === "zlib-stream"
    ? CompressionMethod.ZlibNative
    : settings.compression === "zstd-stream"
    ? CompressionMethod.ZstdNative
    : null
})
const client = new Client({ rest, gateway })
gateway.on(WebSocketShardEvents.Dispatch, ({ d, t }) => received(t, d))
gateway.on(WebSocketShardEvents.Error, failed)
client.on(GatewayDispatchEvents.Ready, () => {})
serve({
  members: async ({ guild }) =>
    (await client.requestGuildMembers({ guild_id: guild, query: "", limit: 0 })).members.length,
  presence: () => client.updatePresence(0, { status: "idle", since: null, afk: false, activities: [] })
})
await gateway.connect()
