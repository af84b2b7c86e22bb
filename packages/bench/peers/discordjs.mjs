import { REST } from "@discordjs/rest"
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws"
import * as Fs from "node:fs"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
// What its documentation recommends, where it is installed.
const hasZlibSync = Fs.existsSync(new URL("node_modules/zlib-sync/build", import.meta.url))
const methods = {
  json: null,
  "zlib-stream": hasZlibSync ? CompressionMethod.ZlibSync : CompressionMethod.ZlibNative,
  "zstd-stream": CompressionMethod.ZstdNative
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
