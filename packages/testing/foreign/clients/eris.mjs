import { Client } from "eris"
import { failed, received, serve, settings } from "./harness.mjs"

const { hostname, port } = new URL(settings.http)
const client = new Client(`Bot ${settings.token}`, {
  intents: settings.intents,
  maxShards: 1,
  compress: settings.compression === "zlib-stream",
  rest: { domain: hostname, port: Number(port), https: false, baseURL: "/api/v10" }
})
// Its request handler knows HTTPS only.
const api = (path) => fetch(`${settings.http}/api/v10${path}`, { headers: { authorization: `Bot ${settings.token}` } })
client.getGateway = async () => (await api("/gateway")).json()
client.getBotGateway = async () => (await api("/gateway/bot")).json()
client.on("rawWS", ({ d, op, t }) => op === 0 && received(t, d))
client.on("error", failed)
serve({
  members: async ({ guild }) => (await client.guilds.get(guild).fetchMembers()).length,
  presence: () => void client.editStatus("idle", { name: "a", type: 0 })
})
await client.connect()
