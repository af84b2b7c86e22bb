import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as Builder from "@vesper/testing/Builder"
import * as Expect from "@vesper/testing/Expect"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import { DiscordConfig, DiscordREST, DiscordRESTMemoryLive, Ix } from "dfx"
import { DiscordGateway } from "dfx/DiscordGateway"
import { runIx } from "dfx/gateway"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { layerDfxGateway } from "./dfxGateway.js"

const world = World.make({ guilds: 1 })

const layer = Layer.mergeAll(layerDfxGateway, DiscordRESTMemoryLive).pipe(
  Layer.provide(DiscordConfig.layer({ token: Redacted.make("any-token") })),
  Layer.provide(GatewaySimulator.layerHttpClient),
  Layer.provideMerge(
    GatewaySimulator.layerShard({ intents: Intents.of("Guilds", "GuildMessages", "MessageContent") }, { world })
  )
)

const ping = Ix.global(
  { name: "ping", description: "Answers with pong" },
  Effect.map(
    Ix.Interaction,
    ({ type }) => Ix.response({ type: 4, data: { content: `pong to an interaction of type ${type}` } })
  )
)

describe("Vesper's shard as the gateway of dfx", () => {
  it("is the layer of the page", () => {
    const page = Fs.readFileSync(new URL("../../../docs/guides/adapters.md", import.meta.url), "utf8")
    assert.include(page, Fs.readFileSync(new URL("dfxGateway.ts", import.meta.url), "utf8"))
  })

  it.scopedLive("registers and answers the commands of Ix", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* Effect.forkScoped(pipe(Ix.builder.add(ping), runIx(Effect.orDie)))
      yield* Expect.request(simulator, "PUT /applications/:application/commands")
      yield* Expect.reply(simulator, Builder.command("ping"), "pong to an interaction of type 2")
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("delivers events to its handlers and streams, and sends its commands and requests", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const gateway = yield* DiscordGateway
      const rest = yield* DiscordREST
      const seen = yield* Queue.unbounded<string>()
      yield* Effect.forkScoped(
        gateway.handleDispatch("MESSAGE_CREATE", ({ content }) => seen.offer(`handled ${content}`))
      )
      const stream = gateway.fromDispatch("MESSAGE_CREATE")
      yield* Effect.forkScoped(Stream.runForEach(stream, ({ content }) => seen.offer(`streamed ${content}`)))
      yield* Expect.expectCommand(simulator, Opcode.Identify)
      const channel = world.guilds[0]?.channels[0]?.id ?? ""
      yield* rest.createMessage(channel, { content: "hello" })
      const received = [yield* Queue.take(seen), yield* Queue.take(seen)]
      assert.sameMembers(received, ["handled hello", "streamed hello"])
      // dfx has types of its own for the same payloads.
      yield* gateway.send(
        { op: Opcode.PresenceUpdate, d: { status: "idle", since: null, afk: false, activities: [] } } as never
      )
      const { d } = yield* Expect.expectCommand(simulator, Opcode.PresenceUpdate)
      assert.deepInclude(d, { status: "idle" })
      assert.deepStrictEqual(yield* simulator.violations, [])
    }).pipe(Effect.provide(layer)))
})
