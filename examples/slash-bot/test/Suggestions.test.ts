/** The whole bot on a simulated Discord: a user's command, the press of the button, and the submitted form. */
import { assert, describe, it } from "@effect/vitest"
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Intents, Opcode } from "@vesper/model"
import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
import { Effect, Layer, Option, Redacted, TestClock } from "effect"
import * as Suggestions from "../src/Suggestions.js"

const layer = Rest.layer({ token: Redacted.make("any-token") }).pipe(
  Layer.provide(GatewaySimulator.layerHttpClient),
  Layer.provideMerge(GatewaySimulator.layerShard({ intents: Intents.none }))
)

const start = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Effect.forkScoped(Events.assemble(Suggestions.layer))
  yield* Expect.expectCommand(simulator, Opcode.Identify)
  return simulator
})

const suggest = Builder.command("suggest", { topic: "rules" })

describe("/suggest", () => {
  it.scoped("answers with a button, which opens a form, which is received", () =>
    Effect.gen(function*() {
      const simulator = yield* start
      const reply = yield* Expect.reply(simulator, suggest, {
        content: "A suggestion about rules:",
        components: [{ components: [{ label: "Write", custom_id: "write:rules" }] }]
      })
      const form = yield* simulator.interact(Builder.button("write:rules", Option.getOrUndefined(reply.message)))
      assert.deepInclude(form.data, { title: "A suggestion", custom_id: "suggestion:rules" })
      const received = yield* Expect.reply(
        simulator,
        Builder.modal("suggestion:rules", { text: "More owls" }),
        "Suggestion 1, about rules, was received."
      )
      assert.isTrue(received.isEphemeral)
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("has a cooldown", () =>
    Effect.gen(function*() {
      const simulator = yield* start
      yield* simulator.interact(suggest)
      yield* Expect.reply(simulator, suggest, "Try again in 10 seconds.")
      yield* TestClock.adjust("10 seconds")
      yield* Expect.reply(simulator, suggest, "A suggestion about rules:")
    }).pipe(Effect.provide(layer)))

  it.scoped("is for servers", () =>
    Effect.gen(function*() {
      const simulator = yield* start
      const direct = Builder.command("suggest", { topic: "rules" }, { guild_id: undefined })
      yield* Expect.reply(simulator, direct, "This works only in a server.")
    }).pipe(Effect.provide(layer)))
})
