import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Builder, Expect } from "@vesper/testing"
import { Effect, Layer } from "effect"
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

const docs = DocsLookup.layer.pipe(
  Layer.provide(DocsLookup.layerDocs),
  Layer.provide(Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(index))))
  ))
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
})
