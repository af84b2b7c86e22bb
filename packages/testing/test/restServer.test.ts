import { DiscordAPIError, REST } from "@discordjs/rest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as GatewayServer from "../src/GatewayServer.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as RestFault from "../src/RestFault.js"
import { place, world } from "./restClient.js"

const layer = GatewayServer.layer().pipe(
  Layer.provideMerge(GatewaySimulator.layer({ token: Redacted.make("token"), world }))
)

const messages = `/channels/${place.channel}/messages` as const

/** A client of another library, which knows nothing of the simulator. */
const client = Effect.map(
  GatewayServer.GatewayServer,
  ({ port }) => new REST({ api: `http://127.0.0.1:${port}/api`, retries: 2 }).setToken("token")
)

describe("the HTTP API of the server", () => {
  it.scopedLive("accepts the requests and files of @discordjs/rest", () =>
    Effect.gen(function*() {
      const rest = yield* client
      const sent = yield* Effect.promise(() =>
        rest.post(messages, { body: { content: "hi" }, files: [{ name: "a.txt", data: Buffer.from("abc") }] })
      )
      assert.deepInclude(Object(sent), { content: "hi", channel_id: place.channel })
      assert.deepInclude(Object(sent)["attachments"][0], { filename: "a.txt", size: 3 })
      const failed = yield* Effect.flip(Effect.tryPromise({
        try: () => rest.post(messages, { body: { content: "x".repeat(2_001) } }),
        catch: (error) => error
      }))
      assert.instanceOf(failed, DiscordAPIError)
      assert.strictEqual(Object(failed)["code"], 50035)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("does not let @discordjs/rest exceed the limit of a route, which its headers announce", () =>
    Effect.gen(function*() {
      const rest = yield* client
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const sent = yield* Effect.promise(() => rest.post(messages, { body: { content: "hi" } }))
      const one = `${messages}/${String(Object(sent)["id"])}` as const
      yield* Effect.promise(() =>
        Promise.all(
          ["👍", "🎉", "👀", "😂"].map((emoji) => rest.put(`${one}/reactions/${encodeURIComponent(emoji)}/@me`))
        )
      )
      const read = yield* Effect.promise(() => rest.get(one))
      assert.lengthOf(Object(read)["reactions"], 4)
      assert.deepInclude(yield* simulator.restUsage, { routeExceeded: 0, globalExceeded: 0, invalid: 0 })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("has the faults of the simulator, from which @discordjs/rest recovers", () =>
    Effect.gen(function*() {
      const rest = yield* client
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.injectRest(RestFault.ServerError({ status: 503, times: 1 }))
      yield* simulator.injectRest(RestFault.RateLimit({ scope: "route", retryAfter: "100 millis", times: 1 }))
      const me = yield* Effect.promise(() => rest.get("/users/@me"))
      assert.strictEqual(Object(me)["username"], "vesper")
      yield* simulator.injectRest(RestFault.DropConnection({ isHandled: true, times: 1 }))
      yield* Effect.flip(Effect.tryPromise(() => rest.post(messages, { body: { content: "lost" } })))
      const all = yield* Effect.promise(() => rest.get(messages))
      assert.isAbove(Number(Object(all)["length"]), 0)
    }).pipe(Effect.provide(layer)))
})
