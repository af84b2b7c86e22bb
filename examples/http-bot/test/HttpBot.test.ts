/** The app receives signed requests as Discord sends them, and the simulated HTTP API receives the commands. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Rest } from "@vesper/bot"
import { Snowflake } from "@vesper/model"
import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
import { Clock, ConfigProvider, Effect, Layer, Redacted, type Scope, TestClock } from "effect"
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import * as HttpBot from "../src/HttpBot.js"

const keys = generateKeyPairSync("ed25519")
// The last 32 bytes of the DER encoding are the key.
const publicKey = keys.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex")

/** A request of Discord, which signs the time and the body. */
const makeRequest = (body: unknown, key: KeyObject = keys.privateKey): Request => {
  const text = JSON.stringify(body)
  const timestamp = "1796000000"
  return new Request("https://bot.example.com/", {
    method: "POST",
    body: text,
    headers: {
      "x-signature-ed25519": sign(null, Buffer.from(timestamp + text), key).toString("hex"),
      "x-signature-timestamp": timestamp
    }
  })
}

const layer = Rest.layer({ token: Redacted.make("any-token") }).pipe(
  Layer.provide(GatewaySimulator.layerHttpClient),
  Layer.provideMerge(GatewaySimulator.layer()),
  Layer.merge(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_PUBLIC_KEY", publicKey]]))))
)

/** Provides the bot at a time after Discord's first snowflake. */
const provideBot = <A, E>(test: Effect.Effect<A, E, Layer.Layer.Success<typeof layer> | Scope.Scope>) =>
  Effect.zipRight(TestClock.setTime(Date.UTC(2026, 10, 1)), Effect.provide(test, layer))

const start = Effect.gen(function*() {
  const app = yield* HttpBot.make
  let count = 0n
  const send = (request: Request) =>
    Effect.map(
      Effect.provideService(app, HttpServerRequest.HttpServerRequest, HttpServerRequest.fromWeb(request)),
      HttpServerResponse.toWeb
    )
  return {
    send,
    /** Sends an interaction that was made now, and returns the answer. */
    interact: ({ d }: ReturnType<typeof Builder.interaction>) =>
      Effect.gen(function*() {
        // Interactions of one time have ids of their own.
        count++
        const id = String(BigInt(Snowflake.fromTimestamp(yield* Clock.currentTimeMillis)) + count)
        const response = yield* send(makeRequest({ ...d, id }))
        return yield* Effect.promise((): Promise<unknown> => response.json())
      })
  }
})

describe("the HTTP bot", () => {
  it.scoped("answers the ping with which Discord checks the URL, and registers the commands", () =>
    Effect.gen(function*() {
      const { send } = yield* start
      const response = yield* send(makeRequest({ type: 1 }))
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), { type: 1 })
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const { body } = yield* Expect.request(
        simulator,
        ({ method, path }) => method !== "GET" && path.endsWith("/commands")
      )
      assert.include(JSON.stringify(body), "suggest")
    }).pipe(provideBot))

  it.scoped("refuses requests that another key has signed", () =>
    Effect.gen(function*() {
      const { send } = yield* start
      const { privateKey } = generateKeyPairSync("ed25519")
      assert.strictEqual((yield* send(makeRequest({ type: 1 }, privateKey))).status, 401)
    }).pipe(provideBot))

  it.scoped("answers a command, its button and its form with the responses", () =>
    Effect.gen(function*() {
      const { interact } = yield* start
      assert.deepNestedInclude(yield* interact(Builder.command("suggest", { topic: "rules" })), {
        type: 4,
        "data.content": "A suggestion about rules:"
      })
      assert.deepNestedInclude(yield* interact(Builder.button("write:rules")), {
        type: 9,
        "data.custom_id": "suggestion:rules"
      })
      assert.deepStrictEqual(yield* interact(Builder.modal("suggestion:rules", { text: "More owls" })), {
        type: 4,
        data: { content: "Suggestion 1, about rules, was received.", flags: 64 }
      })
    }).pipe(provideBot))
})
