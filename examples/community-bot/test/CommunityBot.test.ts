import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Expect } from "@vesper/testing"
import { Effect, Layer } from "effect"
import * as CommunityBot from "../src/CommunityBot.js"
import { run, say } from "./community.js"

const noDocs = Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never))

describe("the community bot", () => {
  it.scoped("runs its features side by side, before the documentation is loaded", () =>
    run("[threads] [honeypot]", CommunityBot.layer.pipe(Layer.provide(noDocs)), (simulator) =>
      Effect.gen(function*() {
        yield* simulator.dispatch(say({ content: "Buy this" }))
        yield* Expect.request(simulator, "PUT /guilds/:guild/bans/:user")
        yield* Expect.request(simulator, "POST /channels/:channel/messages/:message/threads")
      })))
})
