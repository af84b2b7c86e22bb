import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, TestClock } from "effect"
import * as Messages from "../src/Messages.js"

interface Asked {
  readonly url: string
  readonly authorization: string | undefined
  readonly body: unknown
}

/** A server with these responses in order, and the requests that it received. */
const discord = (...answers: ReadonlyArray<Response>) => {
  const asked: Array<Asked> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      const body = request.body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(request.body.body)) : null
      asked.push({ url: request.url, authorization: request.headers["authorization"], body })
      return HttpClientResponse.fromWeb(request, answers[asked.length - 1] ?? new Response(null, { status: 500 }))
    })
  )
  const layer = Messages.layerDiscord.pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "secret"]]))))
  )
  return { asked, layer }
}

const send = Effect.flatMap(Messages.Messages, (messages) => messages.send("42", "pong @everyone"))

describe("messages to Discord", () => {
  it.effect("are posted to their channel, and wake up nobody", () => {
    const { asked, layer } = discord(new Response("{}"))
    return Effect.gen(function*() {
      yield* send
      assert.deepStrictEqual(asked, [{
        url: "https://discord.com/api/v10/channels/42/messages",
        authorization: "Bot secret",
        body: { content: "pong @everyone", allowed_mentions: { parse: [] } }
      }])
    }).pipe(Effect.provide(layer))
  })

  it.effect("wait as long as Discord wants", () => {
    const { asked, layer } = discord(
      new Response("{}", { status: 429, headers: { "retry-after": "1.5" } }),
      new Response("{}")
    )
    return Effect.gen(function*() {
      const sending = yield* Effect.fork(send)
      yield* TestClock.adjust("1499 millis")
      assert.lengthOf(asked, 1)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(sending)
      assert.lengthOf(asked, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("fail with the reason, and without the token", () => {
    const { layer } = discord(new Response("{}", { status: 403 }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(send)
      assert.strictEqual(error.message, "the message to channel 42 was not sent: status 403")
      assert.notInclude(JSON.stringify(error), "secret")
    }).pipe(Effect.provide(layer))
  })
})
