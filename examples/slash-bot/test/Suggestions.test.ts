/** The whole bot on a simulated gateway: a user's command, the press of the button, and the submitted form. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Intents, Opcode } from "@vesper/model"
import { Builder, Expect, GatewaySimulator } from "@vesper/testing"
import { Effect, Layer, Queue, Redacted, TestClock } from "effect"
import * as Suggestions from "../src/Suggestions.js"

/** Offers the bodies of all answers to a queue. */
const layerRest = (answers: Queue.Queue<unknown>) =>
  Rest.layer({ token: Redacted.make("any-token") }).pipe(
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request, url) => {
        const isAnswer = url.pathname.endsWith("/callback") && request.body._tag === "Uint8Array"
        const answer = isAnswer ? JSON.parse(new TextDecoder().decode(request.body.body)) : undefined
        const response = HttpClientResponse.fromWeb(
          request,
          url.pathname.endsWith("/commands") && request.method === "GET"
            ? Response.json([])
            : Response.json({ id: "1" })
        )
        return Effect.as(isAnswer ? Queue.offer(answers, answer) : Effect.void, response)
      })
    ))
  )

const start = Effect.gen(function*() {
  const answers = yield* Queue.unbounded<unknown>()
  const simulator = yield* GatewaySimulator.GatewaySimulator
  yield* Effect.forkScoped(Effect.provide(Events.assemble(Suggestions.layer), layerRest(answers)))
  yield* Expect.expectCommand(simulator, Opcode.Identify)
  yield* TestClock.adjust(0)
  return {
    use: (fields: Parameters<typeof Builder.interaction>[0]) =>
      Effect.zipRight(simulator.dispatch(Builder.interaction(fields)), Queue.take(answers))
  }
})

describe("/suggest", () => {
  it.scoped("answers with a button, which opens a form, which is received", () =>
    Effect.gen(function*() {
      const { use } = yield* start
      const options = [{ name: "topic", type: 3, value: "rules" }]
      assert.deepInclude(yield* use({ data: { name: "suggest", type: 1, options } }), {
        type: 4,
        data: {
          content: "A suggestion about rules:",
          components: [{ type: 1, components: [{ type: 2, style: 1, label: "Write", custom_id: "write:rules" }] }]
        }
      })
      assert.deepNestedInclude(yield* use({ type: 3, data: { custom_id: "write:rules", component_type: 2 } }), {
        type: 9,
        "data.custom_id": "suggestion:rules"
      })
      const components = [{ type: 18, id: 1, component: { type: 4, id: 2, custom_id: "text", value: "More owls" } }]
      assert.deepStrictEqual(yield* use({ type: 5, data: { custom_id: "suggestion:rules", components } }), {
        type: 4,
        data: { content: "Suggestion 1, about rules, was received.", flags: 64 }
      })
    }).pipe(Effect.provide(GatewaySimulator.layerShard({ intents: Intents.none }))))

  it.scoped("has a cooldown", () =>
    Effect.gen(function*() {
      const { use } = yield* start
      const data = { name: "suggest", type: 1, options: [{ name: "topic", type: 3, value: "rules" }] }
      yield* use({ data })
      assert.deepStrictEqual(yield* use({ data }), {
        type: 4,
        data: { content: "Try again in 10 seconds.", flags: 64 }
      })
    }).pipe(Effect.provide(GatewaySimulator.layerShard({ intents: Intents.none }))))
})
