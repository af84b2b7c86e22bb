import { assert, describe, it } from "@effect/vitest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import { connect, identifyBody, settle, violations } from "./client.js"
import { type Answer, layer, place, request } from "./restClient.js"

const { channel, guild, member, role } = place
const one = `/guilds/${guild}`
const someone = `${one}/members/${member}`
const commands = `/applications/${place.bot}/commands`

type Step = readonly [
  line: string,
  body: unknown,
  status: number,
  /** A part of the response by its path. */
  part?: readonly [path: string, value: unknown]
]

/**
 * Requests in order, with the events that they cause. `{path}` in a request is that part of the last response with an id.
 */
const journeys: ReadonlyArray<readonly [what: string, steps: ReadonlyArray<Step>, ...events: ReadonlyArray<string>]> = [
  [
    "channels",
    [
      [`POST ${one}/channels`, { name: "news", topic: "all of it" }, 200, ["topic", "all of it"]],
      ["PATCH /channels/{id}", { name: "old-news" }, 200, ["name", "old-news"]],
      ["GET /channels/{id}", undefined, 200, ["name", "old-news"]],
      ["PUT /channels/{id}/permissions/5", { type: 1, allow: "8" }, 204],
      ["GET /channels/{id}", undefined, 200, ["permission_overwrites.0.allow", "8"]],
      ["POST /channels/{id}/typing", undefined, 204],
      ["DELETE /channels/{id}", undefined, 200],
      ["GET /channels/{id}", undefined, 404]
    ],
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_UPDATE",
    "TYPING_START",
    "CHANNEL_DELETE"
  ],
  [
    "threads",
    [
      [`POST /channels/${channel}/threads`, { name: "talk", type: 11 }, 201, ["parent_id", channel]],
      [`GET ${one}/threads/active`, undefined, 200, ["threads.length", 1]],
      ["PUT /channels/{id}/thread-members/@me", undefined, 204],
      ["PATCH /channels/{id}", { archived: true, name: "said" }, 200, ["thread_metadata.archived", true]],
      ["PATCH /channels/{id}", { name: "more" }, 400, ["code", 50083]],
      ["PUT /channels/{id}/thread-members/@me", undefined, 400, ["code", 50083]],
      [`GET /channels/${channel}/threads/archived/public`, undefined, 200, ["threads.0.name", "said"]],
      ["DELETE /channels/{id}", undefined, 200],
      ["POST /channels/{id}/threads", { name: "none" }, 404]
    ],
    "THREAD_CREATE",
    "THREAD_MEMBERS_UPDATE",
    "THREAD_UPDATE",
    "THREAD_DELETE"
  ],
  [
    "a thread of a message",
    [
      [`POST /channels/${channel}/messages`, { content: "question" }, 200],
      [`POST /channels/${channel}/messages/{id}/threads`, { name: "answers" }, 201, ["member_count", 1]],
      [`POST /channels/${channel}/messages/{id}/threads`, { name: "again" }, 400, ["code", 160004]],
      ["POST /channels/{id}/messages", { content: "an answer" }, 200, ["content", "an answer"]]
    ],
    "MESSAGE_CREATE",
    "THREAD_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_CREATE"
  ],
  [
    "members",
    [
      [`GET ${someone}`, undefined, 200, ["user.id", member]],
      [`PATCH ${someone}`, { nick: "ada" }, 200, ["nick", "ada"]],
      [`PATCH ${someone}`, { nick: "x".repeat(33) }, 400, ["errors.nick._errors.0.code", "BASE_TYPE_MAX_LENGTH"]],
      [`PATCH ${someone}`, { communication_disabled_until: "2030-01-01T00:00:00Z" }, 400, ["code", 50035]],
      [`PATCH ${someone}`, { roles: ["5"] }, 404, ["code", 10011]],
      [`PUT ${someone}/roles/${role}`, undefined, 204],
      [`GET ${someone}`, undefined, 200, ["roles.length", 1]],
      [`DELETE ${someone}/roles/${role}`, undefined, 204],
      [`GET ${one}/members?limit=2`, undefined, 200, ["length", 2]],
      [`GET ${one}/members/search?query=ada`, undefined, 200, ["0.nick", "ada"]],
      [`DELETE ${someone}`, undefined, 204],
      [`GET ${someone}`, undefined, 404, ["code", 10007]]
    ],
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_MEMBER_REMOVE"
  ],
  [
    "bans",
    [
      [`PUT ${one}/bans/${member}`, { delete_message_seconds: 60 }, 204],
      [`GET ${one}/bans/${member}`, undefined, 200, ["user.id", member]],
      [`GET ${someone}`, undefined, 404],
      [`DELETE ${one}/bans/${member}`, undefined, 204],
      [`DELETE ${one}/bans/${member}`, undefined, 404, ["code", 10026]],
      [`POST ${one}/bulk-ban`, { user_ids: ["5", "6"] }, 200, ["banned_users.length", 2]],
      [`GET ${one}/bans`, undefined, 200, ["length", 2]],
      [`PUT ${one}/bans/5`, { delete_message_seconds: -1 }, 400, ["code", 50035]]
    ],
    "GUILD_MEMBER_REMOVE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_REMOVE",
    "GUILD_BAN_ADD",
    "GUILD_BAN_ADD"
  ],
  [
    "roles",
    [
      [`POST ${one}/roles`, { name: "mods", color: 255 }, 200, ["color", 255]],
      [`PUT ${someone}/roles/{id}`, undefined, 204],
      [`PATCH ${one}/roles/{id}`, { name: "crew" }, 200, ["name", "crew"]],
      [`DELETE ${one}/roles/{id}`, undefined, 204],
      [`GET ${one}/roles/{id}`, undefined, 404, ["code", 10011]],
      [`GET ${someone}`, undefined, 200, ["roles.length", 0]]
    ],
    "GUILD_ROLE_CREATE",
    "GUILD_MEMBER_UPDATE",
    "GUILD_ROLE_UPDATE",
    "GUILD_ROLE_DELETE"
  ],
  [
    "a guild",
    [
      [`PATCH ${one}`, { name: "The new club" }, 200, ["name", "The new club"]],
      [`GET ${one}`, undefined, 200, ["name", "The new club"]],
      ["GET /users/@me/guilds", undefined, 200, ["0.name", "The new club"]]
    ],
    "GUILD_UPDATE"
  ],
  [
    "pins and bulk deletion",
    [
      [`POST /channels/${channel}/messages`, { content: "one" }, 200],
      [`PUT /channels/${channel}/messages/pins/{id}`, undefined, 204],
      [`GET /channels/${channel}/messages/pins`, undefined, 200, ["items.0.message.content", "one"]],
      [`DELETE /channels/${channel}/messages/pins/{id}`, undefined, 204],
      [`POST /channels/${channel}/messages/bulk-delete`, { messages: ["{id}", "1900000000000000000"] }, 204],
      [`GET /channels/${channel}/messages/{id}`, undefined, 404]
    ],
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "CHANNEL_PINS_UPDATE",
    "MESSAGE_UPDATE",
    "CHANNEL_PINS_UPDATE",
    "MESSAGE_DELETE_BULK"
  ],
  [
    "webhooks",
    [
      [`POST /channels/${channel}/webhooks`, { name: "news" }, 200, ["channel_id", channel]],
      ["POST /webhooks/{id}/wrong", { content: "hi" }, 401, ["code", 50027]],
      ["POST /webhooks/{id}/{token}", { content: "quiet" }, 204],
      ["GET /webhooks/{id}", undefined, 200],
      ["DELETE /webhooks/{id}/{token}", undefined, 204],
      ["POST /webhooks/{id}/{token}", { content: "hi" }, 404, ["code", 10015]]
    ],
    "WEBHOOKS_UPDATE",
    "MESSAGE_CREATE",
    "WEBHOOKS_UPDATE"
  ],
  ["a direct channel", [
    ["POST /users/@me/channels", { recipient_id: member }, 200, ["type", 1]],
    ["POST /channels/{id}/messages", { content: "psst" }, 200, ["content", "psst"]]
  ], "MESSAGE_CREATE"],
  ["commands", [
    [`POST ${commands}`, { name: "ping", description: "Answers" }, 201, ["type", 1]],
    [`POST ${commands}`, { name: "ping", description: "Replies" }, 201, ["description", "Replies"]],
    [`GET ${commands}`, undefined, 200, ["length", 1]],
    [`PATCH ${commands}/{0.id}`, { description: "Pongs" }, 200, ["description", "Pongs"]],
    [`PUT ${commands}`, [{ name: "a", description: "b" }, { name: "A", type: 2 }], 200, ["length", 2]],
    [`DELETE ${commands}/{1.id}`, undefined, 204],
    [`GET ${commands}`, undefined, 200, ["length", 1]],
    [`PUT /applications/${place.bot}/guilds/${guild}/commands`, [{ name: "a", description: "b" }], 200, [
      "0.guild_id",
      guild
    ]]
  ]]
]

/** Replaces `{path}` by the part of the last response that has it. */
const fill = (text: string, known: Answer | undefined) =>
  text.replace(/\{([\w.]+)\}/g, (_, path: string) => String(known?.at(path)))

const runSteps = (steps: ReadonlyArray<Step>): Effect.Effect<void, unknown, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    let known: Answer | undefined
    for (const [line, body, status, part] of steps) {
      const sent: unknown = body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body), known))
      const answer = yield* request(fill(line, known), sent)
      assert.strictEqual(answer.status, status, `${line} ${JSON.stringify(answer.body)}`)
      if (part !== undefined) {
        assert.deepStrictEqual(answer.at(part[0]), part[1], line)
      }
      known = answer.at("id") === undefined && answer.at("0.id") === undefined ? known : answer
    }
  })

describe("the HTTP API changes the world and dispatches events for", () => {
  for (const [what, steps, ...events] of journeys) {
    it.scoped(what, () =>
      Effect.gen(function*() {
        const client = yield* connect()
        yield* client.send(2, identifyBody({ intents: Intents.all }))
        const before = client.received().length
        yield* runSteps(steps)
        yield* settle
        assert.deepStrictEqual(client.received().slice(before).map(({ t }) => t), events)
      }).pipe(Effect.provide(layer())))
  }

  it.scoped("a later session, which receives the changed guild", () =>
    Effect.gen(function*() {
      yield* request(`POST ${one}/channels`, { name: "news" })
      const client = yield* connect()
      yield* client.send(2, identifyBody({ intents: Intents.nonPrivileged }))
      const created = client.received().find(({ d, t }) => t === "GUILD_CREATE" && Object(d)["id"] === guild)
      const names: ReadonlyArray<unknown> = Object(created?.d)["channels"].map((each: object) => Object(each)["name"])
      assert.include(names, "news")
    }).pipe(Effect.provide(layer())))

  it.scoped("flags of another user's message, of which the bot changes nothing else", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.send("MESSAGE_CREATE", {
        id: "77",
        channel_id: channel,
        guild_id: guild,
        author: { id: member }
      })
      const path = `PATCH /channels/${channel}/messages/77`
      assert.strictEqual((yield* request(path, { flags: 4 })).at("flags"), 4)
      assert.strictEqual((yield* request(path, { flags: 4, content: "mine" })).at("code"), 50005)
    }).pipe(Effect.provide(layer())))

  it.effect("any channel and guild without a world", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* request("POST /channels/5/messages", { content: "hi" })).status, 200)
      assert.strictEqual((yield* request("PUT /guilds/5/members/6/roles/7")).status, 204)
      assert.strictEqual((yield* request("PUT /guilds/5/bans/6")).status, 204)
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer({ world: undefined }))))

  it.effect("the log, without tokens", () =>
    Effect.gen(function*() {
      yield* request("POST /webhooks/5/secret-token", { content: "hi" }, "")
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const log = yield* simulator.log
      assert.notInclude(JSON.stringify(log), "secret-token")
      assert.deepInclude(log.find(({ _tag }) => _tag === "Requested"), {
        route: "POST /webhooks/:id/:token",
        path: "/webhooks/5/:token",
        body: { content: "hi" },
        status: 404
      })
    }).pipe(Effect.provide(layer())))
})
