/** A sample of the table of combinations on real websockets, with each compression. */
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import type { Cell } from "../../gateway/test/combinations/cells.js"
import * as Live from "../../gateway/test/combinations/live.js"
import { testLive } from "../../gateway/test/combinations/liveTable.js"
import * as Play from "../../gateway/test/combinations/play.js"
import { configOf } from "../../gateway/test/combinations/virtual.js"
import { token as text } from "../../gateway/test/harness.js"
import * as NodeGateway from "../src/NodeGateway.js"

const token = Redacted.make(text)
const maxConcurrency = 8
const chosen = Live.sample(["a shard", "a fleet", "a fleet while it is resharded"], 4)
const compressions = ["none", "zlib-stream", "zstd-stream"] as const

const makeLayer = (cell: Cell) =>
  Layer.unwrapEffect(
    Effect.map(GatewayServer.GatewayServer, ({ url }) =>
      ShardConfig.layer({ token, intents: Intents.nonPrivileged, gatewayUrl: url, ...configOf(cell) }))
  ).pipe(
    // The gateway counts from receipt to receipt, and the machine delays one frame more than another.
    Layer.merge(IdentifyQueue.layerInMemory({ maxConcurrency, interval: "8 seconds" })),
    Layer.merge(NodeGateway.layer({ compression: compressions[chosen.indexOf(cell) % 3] ?? "none" })),
    Layer.merge(Logger.minimumLogLevel(LogLevel.None)),
    Layer.provideMerge(GatewayServer.layer()),
    Layer.provideMerge(GatewaySimulator.layer({ token, maxConcurrency, world: Play.world }))
  )

testLive(
  "the table of combinations on real sockets",
  chosen,
  (cell) => Live.problemsOf(cell, (setWall) => Play.inProcess(cell, setWall), makeLayer(cell)),
  "4 minutes",
  48
)
