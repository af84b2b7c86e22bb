import { Client } from "oceanic.js"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
const count = Probe.make()
const client = new Client({
  auth: "Bot token",
  disableCache: "no-warning",
  gateway: {
    intents: 0,
    maxShards: 1,
    compress: job.mode === "json" ? false : job.mode,
    override: {
      getBot: () =>
        Promise.resolve({
          url: job.url,
          shards: 1,
          sessionStartLimit: { total: 1000, remaining: 1000, resetAfter: 0, maxConcurrency: 1 }
        }),
      appendQuery: true,
      gatewayURLIsResumeURL: true
    }
  }
})
client.on("packet", (packet) => packet.op === 0 && count(packet.s))
client.on("error", () => {})
await client.connect()
