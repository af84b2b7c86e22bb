import { HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Builder, Expect } from "@vesper/testing"
import { Effect, Fiber, Layer, TestClock } from "effect"
import * as DocsLookup from "../src/DocsLookup.js"
import { guildId, run } from "./community.js"

const entry = (module: string, name: string) => ({
  _tag: "Function",
  module: { name: `${module}.ts` },
  project: "effect",
  name,
  description: `Documents ${name}.`,
  signature: `declare const ${name}: unknown`,
  deprecated: false,
  examples: [`${module}.${name}`],
  since: "2.0.0",
  sourceUrl: `https://example.com/${module}.ts`
})

const index = [entry("Stream", "mapEffect"), entry("Effect", "map"), entry("Layer", "mergeAll")]

/** The feature with a server of the index. */
const makeFeature = (client: HttpClient.HttpClient) =>
  DocsLookup.layer.pipe(
    Layer.provide(DocsLookup.layerDocs),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

const docs = makeFeature(
  HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(index))))
)

const unavailable = makeFeature(
  HttpClient.make((request) => Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" })))
)

const inGuild = { guild_id: guildId }

describe("DocsLookup", () => {
  it.scoped("suggests entries, the best first, and none for a short text", () =>
    run("", docs, (simulator) =>
      Effect.gen(function*() {
        const { data } = yield* simulator.interact(Builder.autocomplete("docs", { query: "map" }, inGuild))
        assert.deepStrictEqual(data["choices"], [
          { name: "Effect.map (Function) (effect)", value: "effect/Effect.map/Function" },
          { name: "Stream.mapEffect (Function) (effect)", value: "effect/Stream.mapEffect/Function" }
        ])
        const short = yield* simulator.interact(Builder.autocomplete("docs", { query: "ma" }, inGuild))
        assert.deepStrictEqual(short.data["choices"], [])
      })))

  it.scoped("shows an entry to the user, or to everyone", () =>
    run("", docs, (simulator) =>
      Effect.gen(function*() {
        const query = "effect/Effect.map/Function"
        const own = yield* Expect.reply(simulator, Builder.command("docs", { query }, inGuild), {
          embeds: [{ title: "Effect.map", author: { name: "effect" }, footer: { text: "Added in v2.0.0" } }]
        })
        assert.isTrue(own.isEphemeral)
        const shown = yield* simulator.interact(Builder.command("docs", { query, public: true }, inGuild))
        assert.isFalse(shown.isEphemeral)
      })))

  it.scoped("refuses a text that is not an entry", () =>
    run("", docs, (simulator) =>
      Expect.reply(
        simulator,
        Builder.command("docs", { query: "nothing" }, inGuild),
        "The documentation has no such entry: choose one of the list."
      )))

  it.scoped("reports that the index cannot be loaded", () =>
    run("", unavailable, (simulator) =>
      Effect.gen(function*() {
        const asked = yield* Effect.fork(simulator.interact(Builder.command("docs", { query: "any" }, inGuild)))
        // The index is requested four times.
        yield* Effect.repeatN(TestClock.adjust("3 seconds"), 4)
        const reply = yield* Fiber.join(asked)
        assert.strictEqual(reply.content, "The documentation cannot be loaded. Try again in a minute.")
        assert.isTrue(reply.isEphemeral)
      })))
})
