/** The content of messages over HTTP without MESSAGE_CONTENT. */
import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as Builder from "../../src/Builder.js"
import * as GatewaySimulator from "../../src/GatewaySimulator.js"
import * as Bot from "../../src/internal/world/bot.js"
import { layer, place, request } from "../restClient.js"

const root = `/channels/${place.channel}/messages`
const poll = { question: { text: "tea?" } }
const content = {
  content: "hello",
  embeds: [{ title: "a" }],
  attachments: [{ id: "5", filename: "a.png", size: 1, url: "https://a", proxy_url: "https://a" }],
  components: [{ type: 1, components: [] }],
  poll
}
const empty = { content: "", embeds: [], attachments: [], components: [] }

/** Places a message of another user, which is pinned, into the world. */
const say = (id: string, fields: object = {}) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) => {
    const where = { id, guild_id: place.guild, channel_id: place.channel, pinned: true }
    return simulator.dispatch(Builder.complete("MESSAGE_CREATE", { ...where, ...content, ...fields }))
  })

/** Requests that return the message with the id 70, with the path of it in the response. */
const requests: ReadonlyArray<readonly [line: string, path: string, body?: object]> = [
  [`GET ${root}`, "0"],
  [`GET ${root}?around=70`, "0"],
  [`GET ${root}/70`, ""],
  [`GET ${root}/pins`, "items.0.message"],
  [`GET /channels/${place.channel}/pins`, "0"],
  [`PATCH ${root}/70`, "", { flags: 4 }],
  [`POST ${root}/70/crosspost`, ""],
  [`POST ${root}`, "referenced_message", { content: "yes", message_reference: { message_id: "70" } }]
]

const without = layer({ allowedIntents: Intents.of("Guilds", "GuildMessages") })

describe("content over HTTP without MESSAGE_CONTENT", () => {
  for (const [line, path, body] of requests) {
    const messageOf = Effect.map(request(line, body), ({ at, body, status }) => {
      assert.strictEqual(status, 200)
      return Object(path === "" ? body : at(path))
    })

    it.effect(`is withheld by ${line}`, () =>
      Effect.gen(function*() {
        yield* say("70")
        const message = yield* messageOf
        assert.deepInclude(message, { id: "70", ...empty })
        assert.isFalse("poll" in message)
      }).pipe(Effect.provide(without)))

    it.effect(`is returned by ${line} if the application has the intent, the bot is mentioned or wrote it`, () =>
      Effect.gen(function*() {
        const cases = [
          [{}, layer()],
          [{ mentions: [Bot.user] }, without],
          [{ author: Bot.user }, without]
        ] as const
        for (const [fields, provided] of cases) {
          const message = yield* Effect.zipRight(say("70", fields), messageOf).pipe(Effect.provide(provided))
          assert.deepInclude(message, { id: "70", content: "hello" })
          assert.isTrue("poll" in message)
        }
      }))
  }

  it.effect("is returned in a direct message", () =>
    Effect.gen(function*() {
      const { at } = yield* request("POST /users/@me/channels", { recipient_id: place.member })
      const id = String(at("id"))
      yield* say("70", { guild_id: undefined, channel_id: id })
      const message = yield* request(`GET /channels/${id}/messages/70`)
      assert.deepInclude(message.body, { content: "hello" })
    }).pipe(Effect.provide(without)))
})
