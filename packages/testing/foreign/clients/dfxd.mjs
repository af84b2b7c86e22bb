import { NodeHttpClient, NodeRuntime, NodeSocket } from "@effect/platform-node"
import { DiscordConfig } from "dfx"
import { DiscordGateway, DiscordLive } from "dfx/gateway"
import { Effect, Layer, Redacted, Runtime, Stream } from "effect"
import { failed, received, serve, settings } from "./harness.mjs"

const layer = DiscordLive.pipe(
  Layer.provide(DiscordConfig.layer({
    token: Redacted.make(settings.token),
    rest: { baseUrl: `${settings.http}/api/v10` },
    gateway: { intents: settings.intents }
  })),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(NodeSocket.layerWebSocketConstructor)
)

import { Logger, LogLevel } from "effect"
const program = Effect.gen(function*() {
  const gateway = yield* DiscordGateway
  const waiting = []
  const run = Runtime.runPromise(yield* Effect.runtime())
  serve({
    members: ({ guild }) => {
      const members = new Promise((resolve) => waiting.push(resolve))
      return run(gateway.send({ op: 8, d: { guild_id: guild, query: "", limit: 0 } })).then(() => members)
    },
    presence: () => run(gateway.send({ op: 3, d: { status: "idle", activities: [], since: null, afk: false } }))
  })
  yield* Stream.runForEach(gateway.dispatch, ({ d, t }) =>
    Effect.sync(() => {
      received(t, d)
      if (t === "GUILD_MEMBERS_CHUNK") {
        waiting.shift()?.(d.members.length)
      }
    }))
})

program.pipe(
  Effect.provide(layer),
  Logger.withMinimumLogLevel(LogLevel.Debug),
  Effect.tapErrorCause((cause) => Effect.sync(() => failed(cause))),
  NodeRuntime.runMain
)
