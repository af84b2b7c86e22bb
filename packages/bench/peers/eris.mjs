import { Client } from "eris"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
const count = Probe.make()
const client = new Client("Bot token", {
  intents: 0,
  maxShards: 1,
  compress: job.mode === "zlib-stream",
  getAllUsers: false,
  restMode: false
})
client.getGateway = async () => ({ url: job.url })
client.getBotGateway = async () => ({
  url: job.url,
  shards: 1,
  session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 }
})
client.on("rawWS", (packet) => packet.op === 0 && count(packet.s))
client.on("error", () => {})
await client.connect()
