import { Client } from "cloudstorm"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
const count = Probe.make()
const client = new Client("token", {
  intents: 0,
  shards: [0],
  totalShards: 1,
  reconnect: false,
  ws: { compress: job.mode === "zlib-stream", encoding: "json" },
  snowtransferInstance: {
    bot: {
      getGatewayBot: async () => ({
        url: job.url,
        shards: 1,
        session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 }
      })
    }
  }
})
client.on("dispatch", ({ s }) => count(s))
client.on("error", (error) => {
  throw error
})
await client.connect()
