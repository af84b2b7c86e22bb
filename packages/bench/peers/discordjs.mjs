import { REST } from "@discordjs/rest"
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
// Recommended by its documentation, and used if it can be loaded.
const hasZlibSync = await import("zlib-sync").then(() => true, () => false)
const methods = {
  json: null,
  "zlib-stream": hasZlibSync ? CompressionMethod.ZlibSync : CompressionMethod.ZlibNative
}

const count = Probe.make()
const manager = new WebSocketManager({
  token: "token",
  intents: 0,
  rest: new REST({ api: job.url.replace("ws:", "http:") }).setToken("token"),
  shardCount: 1,
  compression: methods[job.mode]
})
manager.on(WebSocketShardEvents.Dispatch, ({ s }) => count(s))
manager.on(WebSocketShardEvents.Error, (error) => {
  throw error
})
await manager.connect()
