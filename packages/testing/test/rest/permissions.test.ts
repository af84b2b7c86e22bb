/** Permissions of the bot, the limit of follow-ups, and components that Discord refuses. */
import { assert, describe, it } from "@effect/vitest"
import * as Permissions from "@vesper/model/Permissions"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Builder from "../../src/Builder.js"
import * as GatewaySimulator from "../../src/GatewaySimulator.js"
import { layer, place, request, world } from "../restClient.js"

const { bot, channel, guild, member, role } = place
const messages = `/channels/${channel}/messages`
const owner = world.guilds[0]?.owner_id ?? ""
const other = world.guilds[0]?.members.find(({ user }) => user.id !== owner)?.user.id ?? member

/** Requests, and the permission that each needs. */
const needed: ReadonlyArray<readonly [line: string, body: unknown, permission: Permissions.Name]> = [
  [`PUT /guilds/${guild}/bans/${other}`, {}, "BanMembers"],
  [`DELETE /guilds/${guild}/members/${other}`, undefined, "KickMembers"],
  [`PATCH /guilds/${guild}/members/${other}`, { nick: "ada" }, "ManageNicknames"],
  [`PATCH /guilds/${guild}/members/${other}`, { communication_disabled_until: null }, "ModerateMembers"],
  [`PUT /guilds/${guild}/members/${other}/roles/${role}`, undefined, "ManageRoles"],
  [`POST /guilds/${guild}/roles`, { name: "mods" }, "ManageRoles"],
  [`POST /guilds/${guild}/channels`, { name: "news" }, "ManageChannels"],
  [`PATCH /channels/${channel}`, { name: "news" }, "ManageChannels"],
  [`POST /channels/${channel}/webhooks`, { name: "news" }, "ManageWebhooks"],
  [`PATCH /guilds/${guild}`, { name: "The club" }, "ManageGuild"],
  [`POST ${messages}/bulk-delete`, { messages: ["1900000000000000000", "1900000000000000001"] }, "ManageMessages"]
]

const without = { permissions: Permissions.none }

const failed = (line: string, body?: unknown) => Effect.map(request(line, body), (answer) => answer.at("code"))

describe("the permissions of the bot", () => {
  for (const [line, body, permission] of needed) {
    it.effect(`are needed by ${line.replace(/\d{9,}/g, ":id")}: ${permission}`, () =>
      Effect.gen(function*() {
        const refused = yield* Effect.provide(request(line, body), layer(without))
        assert.deepStrictEqual([refused.status, refused.at("code")], [403, 50013])
        const granted = layer({ permissions: Permissions.of(permission) })
        assert.isBelow((yield* Effect.provide(request(line, body), granted)).status, 300)
        assert.isBelow((yield* Effect.provide(request(line, body), layer())).status, 300)
      }))
  }

  it.effect("do not reach the owner of the guild, and are not needed for its own messages", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* failed(`PUT /guilds/${guild}/bans/${owner}`, {}), 50013)
      assert.strictEqual((yield* request(`PUT /guilds/${guild}/bans/${other}`, {})).status, 204)
      const own = (yield* request(`POST ${messages}`, { content: "hi" })).at("id")
      assert.strictEqual((yield* request(`DELETE ${messages}/${own}`)).status, 204)
    }).pipe(Effect.provide(layer({ permissions: Permissions.of("BanMembers") }))))

  it.effect("are changed by the overwrites of a channel", () =>
    Effect.gen(function*() {
      const overwrite = (deny: Permissions.Permissions, allow: Permissions.Permissions) =>
        request(`PUT /channels/${channel}/permissions/${guild}`, { type: 0, deny: String(deny), allow: String(allow) })
      yield* overwrite(Permissions.of("SendMessages"), Permissions.none)
      assert.strictEqual(yield* failed(`POST ${messages}`, { content: "hi" }), 50013)
      assert.strictEqual(
        (yield* request(`POST /channels/${place.otherChannel}/messages`, { content: "hi" })).status,
        200
      )
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const members = { id: bot, type: 1, deny: "0", allow: String(Permissions.of("SendMessages")) }
      yield* request(`PUT /channels/${channel}/permissions/${bot}`, members)
      assert.strictEqual((yield* request(`POST ${messages}`, { content: "hi" })).status, 200)
      yield* overwrite(Permissions.of("ViewChannel"), Permissions.none)
      assert.strictEqual(yield* failed(`GET ${messages}`), 50001)
      assert.deepInclude(yield* simulator.restUsage, { invalid: 2 })
    }).pipe(Effect.provide(layer({ permissions: Permissions.of("ManageRoles") }))))
})

describe("follow-ups", () => {
  for (const [owners, expected] of [[{ 1: member }, 40094], [{ 0: guild, 1: member }, undefined]] as const) {
    it.effect(`of an interaction have ${expected === undefined ? "no limit" : "a limit"} ${JSON.stringify(owners)}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const fields = { id: "7", token: "its-token", guild_id: guild, channel_id: channel }
        // Discord's keys are the types of installations.
        const authorizing_integration_owners: object = owners
        const event = Builder.interaction(fields)
        yield* simulator.dispatch({ ...event, d: { ...event.d, authorizing_integration_owners } })
        yield* request("POST /interactions/7/its-token/callback", { type: 4, data: { content: "one" } }, "")
        const codes: Array<unknown> = []
        for (let count = 0; count < 6; count++) {
          codes.push((yield* request(`POST /webhooks/${bot}/its-token`, { content: "more" }, "")).at("code"))
          // The rate limit of a webhook is five in two seconds.
          yield* TestClock.adjust("1 second")
        }
        assert.deepStrictEqual(codes, [...Array(5).fill(undefined), expected])
      }).pipe(Effect.provide(layer())))
  }
})

describe("components", () => {
  const refused: ReadonlyArray<readonly [component: object, path: string]> = [
    [{ type: 2, style: 1, custom_id: "a" }, "errors.components.0.components.0._errors.0.code"],
    [
      { type: 5, custom_id: "a", min_values: 3, max_values: 2 },
      "errors.components.0.components.0.min_values._errors.0.code"
    ]
  ]
  for (const [component, path] of refused) {
    it.effect(`are refused: ${JSON.stringify(component)}`, () =>
      Effect.gen(function*() {
        const answer = yield* request(`POST ${messages}`, { components: [{ type: 1, components: [component] }] })
        assert.strictEqual(answer.at("code"), 50035)
        assert.isString(answer.at(path))
      }).pipe(Effect.provide(layer())))
  }
})
