import * as HttpApp from "@effect/platform/HttpApp"
import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/bot/Command"
import * as Interactions from "@vesper/bot/Interactions"
import type { APIInteraction } from "discord-api-types/v10"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { generateKeyPairSync, sign } from "node:crypto"
import { Discord } from "./discord.js"

const { privateKey, publicKey } = generateKeyPairSync("ed25519")
// The last 32 bytes of the DER encoding are the key.
const publicHex = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex")

const ping = Command.slash("ping", { description: "Answers with pong" }, ({ reply }) => reply("pong"))
const later = Command.slash(
  "later",
  { description: "Answers later" },
  ({ defer, reply }) => Effect.zipRight(defer({ ephemeral: true }), reply("later"))
)

const post = (body: string, signed = body): Request => {
  const timestamp = "1796000000"
  return new Request("http://localhost/", {
    method: "POST",
    body,
    headers: {
      "x-signature-ed25519": sign(null, Buffer.from(`${timestamp}${signed}`), privateKey).toString("hex"),
      "x-signature-timestamp": timestamp
    }
  })
}

const serve = (
  discord: Discord,
  handlers: ReadonlyArray<typeof ping> = [ping, later]
) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(discord.layer)
    const app = yield* Effect.provide(
      Interactions.httpApp(
        Interactions.layer(handlers).pipe(Layer.provide(Interactions.layerSettings({ deferAfter: "100 millis" }))),
        { publicKey: publicHex }
      ),
      context
    )
    const handle = HttpApp.toWebHandler(app)
    return (request: Request) => Effect.promise(() => handle(request))
  })

const json = (response: Response) => Effect.promise((): Promise<unknown> => response.json())

const read = (raw: APIInteraction) => post(JSON.stringify(raw))

describe("the HTTP app", () => {
  it.scopedLive("answers Discord's ping, and registers the commands", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const send = yield* serve(discord)
      const response = yield* send(post("{\"type\":1}"))
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(yield* json(response), { type: 1 })
      assert.deepStrictEqual(discord.commands.map(({ name }) => name), ["ping", "later"])
    })
  })

  it.scopedLive("registers the commands in the guild of the features' settings", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const guild = Interactions.layerSettings({ guild: "290926798626357250" })
      const features = Interactions.layer(ping).pipe(Layer.provide(guild))
      // The app itself receives nothing here.
      yield* Effect.asVoid(Effect.provide(Interactions.httpApp(features, { publicKey: publicHex }), discord.layer))
      assert.include(discord.sent.at(-1)?.path, "/guilds/290926798626357250/commands")
    })
  })

  it.scopedLive("refuses a body that Discord has not signed, and other requests", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const send = yield* serve(discord)
      assert.strictEqual((yield* send(post("{\"type\":1}", "{\"type\":2}"))).status, 401)
      assert.strictEqual((yield* send(new Request("http://localhost/", { method: "POST", body: "{}" }))).status, 401)
      assert.strictEqual((yield* send(new Request("http://localhost/"))).status, 405)
      assert.strictEqual((yield* send(post("no json"))).status, 400)
    })
  })

  it.scopedLive("answers a command with the response", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const send = yield* serve(discord)
      const response = yield* send(read(yield* discord.slash("ping")))
      assert.deepStrictEqual(yield* json(response), { type: 4, data: { content: "pong" } })
      assert.deepStrictEqual(discord.callbacks, [])
    })
  })

  it.scopedLive("defers with the response, and replies by the HTTP API", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const send = yield* serve(discord)
      const response = yield* send(read(yield* discord.slash("later")))
      assert.deepStrictEqual(yield* json(response), { type: 5, data: { flags: 64 } })
      yield* Effect.sleep("100 millis")
      assert.include(discord.texts, "later")
    })
  })

  it.scopedLive("answers with files in a form", () => {
    const discord = new Discord()
    const files = [{ name: "a.txt", data: "text" }, { name: "b.bin", data: Buffer.from([1, 2]), contentType: "x/y" }]
    const report = Command.slash(
      "report",
      { description: "Sends files" },
      ({ reply }) => reply({ content: "two", files })
    )
    return Effect.gen(function*() {
      const send = yield* serve(discord, [report])
      const response = yield* send(read(yield* discord.slash("report")))
      const form = yield* Effect.promise(() => response.formData())
      assert.deepStrictEqual(JSON.parse(String(form.get("payload_json"))), { type: 4, data: { content: "two" } })
      const parts = Array.from([0, 1], (index) => form.get(`files[${index}]`))
      assert.deepStrictEqual(parts.map((part) => part instanceof File ? [part.name, part.size, part.type] : part), [
        ["a.txt", 4, "application/octet-stream"],
        ["b.bin", 2, "x/y"]
      ])
      assert.deepStrictEqual(discord.sent.filter(({ path }) => path.startsWith("/webhooks")), [])
    })
  })

  it.scopedLive("completes with no choices when they are late", () => {
    const discord = new Discord()
    const travel = Command.slash("travel", {
      description: "Travels",
      options: { to: Command.string("The city", { autocomplete: () => Effect.never }) }
    }, ({ reply }) => reply("there"))
    const options = [{ name: "to", type: 3, value: "B", focused: true }]
    return Effect.gen(function*() {
      const send = yield* serve(discord, [travel])
      const typing = yield* discord.interaction({ type: 4, data: { id: "5", type: 1, name: "travel", options } })
      assert.deepStrictEqual(yield* json(yield* send(read(typing))), { type: 8, data: { choices: [] } })
    })
  })

  it.live("defers a late handler, which ends with the scope of the app", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const endless = Command.slash(
        "endless",
        { description: "Ends never" },
        () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const send = yield* serve(discord, [endless])
        assert.deepStrictEqual(yield* json(yield* send(read(yield* discord.slash("endless")))), { type: 5 })
      }))
      assert.isTrue(yield* Deferred.isDone(ended))
    })
  })

  it.scopedLive("has no answer for an unknown command", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const send = yield* serve(discord)
      assert.strictEqual((yield* send(read(yield* discord.slash("other")))).status, 404)
    })
  })

  it.scoped("names the place of a wrong key", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(Interactions.httpApp(Interactions.layer(ping), { publicKey: "abc" }), discord.layer)
      )
      assert.include(String(error), "General Information page")
    })
  })
})
