import { Client } from "oceanic.js"
import * as Probe from "../dist/probe.js"

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
      url: () => Promise.resolve(`${job.url}?v=10&encoding=json${job.mode === "json" ? "" : `&compress=${job.mode}`}`),
      gatewayURLIsResumeURL: true
    }
  }
})
client.on("packet", (packet) => packet.op === 0 && count(packet.s))
client.on("error", () => {})
await client.connect()
