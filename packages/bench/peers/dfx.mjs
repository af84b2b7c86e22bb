import * as Socket from "@effect/platform/Socket"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { DiscordConfig, Intents } from "dfx"
import { DiscordGateway, DiscordLive } from "dfx/gateway"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { WebSocket } from "ws"
import * as Probe from "@vesper/cli/bench/probe"

const { job } = Probe
const count = Probe.make()

const run = Effect.gen(function*() {
  const gateway = yield* DiscordGateway
  const { dispatch } = gateway
  yield* Stream.runForEach(dispatch, (event) => {
    count(event.s)
    return Effect.void
  })
})

const layer = DiscordLive.pipe(
  Layer.provide(DiscordConfig.layer({
    token: Redacted.make("token"),
    rest: { baseUrl: job.url.replace("ws:", "http:").replace(/\/$/, "") },
    gateway: { intents: Intents.fromList([]), shardCount: 1 }
  })),
  Layer.provide(FetchHttpClient.layer),
  Layer.provide(Layer.succeed(Socket.WebSocketConstructor, (url, protocols) =>
    // It always connects to Discord first.
    new WebSocket(url.replace("wss://gateway.discord.gg/", job.url), protocols)))
)

Effect.runPromise(Effect.provide(run, layer)).catch((error) => {
  throw error
})
