import { DiscordenoShard, TransportCompression } from "@discordeno/gateway"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
const compressions = {
  json: undefined,
  "zlib-stream": TransportCompression.zlib,
  "zstd-stream": TransportCompression.zstd
}

const count = Probe.make()
const shard = new DiscordenoShard({
  id: 0,
  connection: {
    token: "token",
    intents: 0,
    version: 10,
    url: job.url,
    totalShards: 1,
    compress: false,
    transportCompression: compressions[job.mode] ?? null,
    properties: { os: "linux", browser: "bench", device: "bench" }
  },
  logger: { debug() {}, info() {}, warn() {}, error() {}, fatal() {} },
  events: {
    // The recommended setup, with snake_case kept. Otherwise each event would be rewritten.
    message: (_, payload) => payload.op === 0 && count(payload.s)
  }
})
await shard.identify()
