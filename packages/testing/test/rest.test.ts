import { assert, describe, it } from "@effect/vitest"
import * as Intents from "@vesper/model/Intents"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as Limits from "../src/internal/rest/limits.js"
import * as RestFault from "../src/RestFault.js"
import { connect, identifyBody, settle, violations } from "./client.js"
import { layer, place, request } from "./restClient.js"

const { channel } = place
const messages = `/channels/${channel}/messages`
const button = (fields: object = {}) => ({ type: 2, style: 1, label: "Go", custom_id: "go", ...fields })
const row = (...components: ReadonlyArray<object>) => ({ type: 1, components })
const option = (fields: object = {}) => ({ type: 3, name: "name", description: "A name", ...fields })
const command = (fields: object = {}) => ({ name: "ping", description: "Answers", ...fields })
const commands = `/applications/${place.bot}/commands`

/** Returns the codes in a tree of errors, with their paths. */
const codes = (errors: object, path = ""): ReadonlyArray<string> =>
  Object.entries(errors).flatMap(([key, value]) =>
    key === "_errors"
      ? (value as ReadonlyArray<{ readonly code: string }>).map(({ code }) => `${path}: ${code}`)
      : codes(value as object, path === "" ? key : `${path}.${key}`)
  )

/** Forms that Discord refuses, with the errors in the answer. */
const refused: ReadonlyArray<readonly [line: string, body: unknown, ...errors: ReadonlyArray<string>]> = [
  [`POST ${messages}`, { content: "x".repeat(2_001) }, "content: BASE_TYPE_MAX_LENGTH"],
  [`POST ${messages}`, { content: ["x"] }, "content: STRING_TYPE_CONVERT"],
  [`POST ${messages}`, { embeds: [{ title: "x".repeat(257) }] }, "embeds.0.title: BASE_TYPE_MAX_LENGTH"],
  [`POST ${messages}`, { embeds: [{ fields: [{ name: "a" }] }] }, "embeds.0.fields.0.value: BASE_TYPE_REQUIRED"],
  [`POST ${messages}`, { embeds: [{ image: { url: "here" } }] }, "embeds.0.image.url: URL_TYPE_INVALID_URL"],
  [`POST ${messages}`, { embeds: Array(11).fill({ title: "a" }) }, "embeds: BASE_TYPE_MAX_LENGTH"],
  [
    `POST ${messages}`,
    { embeds: Array(2).fill({ description: "x".repeat(3_001) }) },
    "embeds: MAX_EMBED_SIZE_EXCEEDED"
  ],
  [`POST ${messages}`, { components: [button()] }, "components.0.type: BASE_TYPE_CHOICES"],
  [
    `POST ${messages}`,
    { components: [row(button({ custom_id: undefined }))] },
    "components.0.components.0.custom_id: BASE_TYPE_REQUIRED"
  ],
  [`POST ${messages}`, { components: [row(button(), button())] }, "components: COMPONENT_CUSTOM_ID_DUPLICATED"],
  [
    `POST ${messages}`,
    { components: [row(button(), { type: 5, custom_id: "who" })] },
    "components.0.components: COMPONENT_LAYOUT_WIDTH_EXCEEDED"
  ],
  [
    `POST ${messages}`,
    { components: [row(...[1, 2, 3, 4, 5, 6].map((id) => button({ custom_id: `${id}` })))] },
    "components.0.components: BASE_TYPE_BAD_LENGTH"
  ],
  [
    `POST ${messages}`,
    { components: [row({ type: 3, custom_id: "x", options: [] })] },
    "components.0.components.0.options: BASE_TYPE_BAD_LENGTH"
  ],
  [
    `POST ${messages}`,
    { flags: 1 << 15, content: "old", components: [{ type: 10, content: "new" }] },
    "content: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
  ],
  [`POST ${messages}`, { allowed_mentions: { parse: ["all"] } }, "allowed_mentions.parse.0: BASE_TYPE_CHOICES"],
  [
    `POST ${messages}`,
    { content: "a", message_reference: { message_id: "5" } },
    "message_reference: REPLIES_UNKNOWN_MESSAGE"
  ],
  [`POST ${commands}`, command({ name: "Ping" }), "name: APPLICATION_COMMAND_INVALID_NAME"],
  [`POST ${commands}`, command({ name: "two words" }), "name: APPLICATION_COMMAND_INVALID_NAME"],
  [`POST ${commands}`, command({ name: "x".repeat(33) }), "name: BASE_TYPE_BAD_LENGTH"],
  [`POST ${commands}`, command({ description: undefined }), "description: BASE_TYPE_REQUIRED"],
  [`POST ${commands}`, { type: 2, name: "Who", description: "x" }, "description: BASE_TYPE_MAX_LENGTH"],
  [`POST ${commands}`, command({ options: Array(26).fill(option()) }), "options: BASE_TYPE_MAX_LENGTH"],
  [
    `POST ${commands}`,
    command({ options: [option(), option({ name: "b", required: true })] }),
    "options.1: APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
  ],
  [
    `POST ${commands}`,
    command({ options: [option(), option()] }),
    "options.1.name: APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME"
  ],
  [
    `POST ${commands}`,
    command({ options: [option({ type: 4, choices: [{ name: "a", value: "one" }] })] }),
    "options.0.choices.0.value: NUMBER_TYPE_COERCE"
  ],
  [
    `POST ${commands}`,
    command({ options: [option({ autocomplete: true, choices: [{ name: "a", value: "b" }] })] }),
    "options.0.autocomplete: APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE"
  ],
  [
    `POST ${commands}`,
    command({ options: [option({ type: 1 }), option({ name: "b" })] }),
    "options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
  ],
  [
    `POST ${commands}`,
    command({ options: [option({ type: 1, options: [option({ type: 1 })] })] }),
    "options.0.options.0.type: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
  ],
  [`POST ${commands}`, command({ name_localizations: { xx: "a" } }), "name_localizations: BASE_TYPE_CHOICES"],
  [
    `POST ${commands}`,
    command({
      options: Array.from({ length: 4 }, (_, i) =>
        option({
          name: `o${i}`,
          choices: Array.from({ length: 20 }, (_, j) => ({ name: `${j}`, value: "x".repeat(100) }))
        }))
    }),
    ": APPLICATION_COMMAND_TOO_LARGE"
  ],
  [`PUT ${commands}`, [command(), command()], ": APPLICATION_COMMANDS_DUPLICATE_NAME"],
  [`PUT ${commands}`, [command(), { name: "b" }], "1.description: BASE_TYPE_REQUIRED"]
]

/** Requests that fail with a code. */
const failing: ReadonlyArray<
  readonly [what: string, status: number, code: number, line: string, body?: unknown, authorization?: string]
> = [
  ["no token", 401, 0, "GET /users/@me", undefined, ""],
  ["a wrong token", 401, 0, "GET /users/@me", undefined, "Bot other"],
  ["a token without its type", 401, 0, "GET /users/@me", undefined, "token"],
  ["an unknown path", 404, 0, "GET /nothing"],
  ["a wrong method", 405, 0, "PUT /gateway/bot"],
  ["an unknown channel", 404, 10003, "POST /channels/5/messages", { content: "hi" }],
  ["an unknown message", 404, 10008, `GET ${messages}/5`],
  ["an empty message", 400, 50006, `POST ${messages}`, {}],
  ["text that is no JSON", 400, 50109, `POST ${messages}`, "{\"content\":"],
  ["one message to delete", 400, 50016, `POST ${messages}/bulk-delete`, { messages: ["5"] }],
  ["old messages to delete", 400, 50034, `POST ${messages}/bulk-delete`, { messages: ["5", "6"] }],
  ["another application", 403, 20012, "PUT /applications/9/commands", []],
  ["an unknown guild", 404, 10004, `PUT /applications/${place.bot}/guilds/5/commands`, []],
  ["an unknown command", 404, 10063, `DELETE ${commands}/5`],
  ["an unknown interaction", 404, 10062, "POST /interactions/5/token/callback", { type: 4 }],
  ["an unknown webhook", 404, 10015, "POST /webhooks/5/token", { content: "hi" }],
  ["an unknown token of the application", 404, 10015, `POST /webhooks/${place.bot}/token`, { content: "hi" }],
  ["101 commands", 400, 30032, `PUT ${commands}`, Array.from({ length: 101 }, (_, i) => command({ name: `c${i}` }))]
]

describe("the HTTP API refuses", () => {
  for (const [line, body, ...errors] of refused) {
    it.effect(`${line.split("/").pop()} with ${errors.join(", ")}`, () =>
      Effect.gen(function*() {
        const answer = yield* request(line, body)
        assert.strictEqual(answer.status, 400)
        assert.strictEqual(answer.at("code"), 50035)
        assert.deepStrictEqual(codes(Object(answer.at("errors"))), errors)
        assert.deepStrictEqual(yield* violations, ["InvalidForm"])
      }).pipe(Effect.provide(layer())))
  }

  for (const [what, status, code, line, body, authorization] of failing) {
    it.effect(`${what} with ${status} and ${code}`, () =>
      Effect.gen(function*() {
        yield* TestClock.adjust("30 days")
        const answer = yield* request(line, body, authorization)
        assert.deepStrictEqual([answer.status, answer.at("code")], [status, code])
      }).pipe(Effect.provide(layer())))
  }
})

describe("a message", () => {
  it.scoped("is dispatched to the shards whose intents allow it", () =>
    Effect.gen(function*() {
      const counts: Array<number> = []
      for (const name of ["GuildMessages", "Guilds"] as const) {
        const client = yield* connect()
        yield* client.send(2, identifyBody({ intents: Intents.of(name) }))
        const sent = yield* request(`POST ${messages}`, { content: `from ${name}` })
        yield* settle
        const created = client.received().filter(({ t }) => t === "MESSAGE_CREATE")
        counts.push(created.length)
        created.forEach(({ d }) => assert.include(d, { id: sent.at("id"), content: "from GuildMessages" }))
        yield* TestClock.adjust("5 seconds")
      }
      assert.deepStrictEqual(counts, [1, 0])
    }).pipe(Effect.provide(layer())))

  it.scoped("is created, read, edited, reacted to and deleted, each with its event", () =>
    Effect.gen(function*() {
      const client = yield* connect()
      yield* client.send(2, identifyBody({ intents: Intents.nonPrivileged }))
      const before = client.received().length
      const id = (yield* request(`POST ${messages}`, { content: `<@${place.member}> hello` })).at("id")
      const edited = yield* request(`PATCH ${messages}/${id}`, { content: "bye" })
      assert.strictEqual(edited.at("content"), "bye")
      const thumb = encodeURIComponent("👍")
      assert.strictEqual((yield* request(`PUT ${messages}/${id}/reactions/${thumb}/@me`)).status, 204)
      const read = yield* request(`GET ${messages}/${id}`)
      assert.deepInclude(Object(read.at("reactions.0")), { count: 1, me: true, emoji: { id: null, name: "👍" } })
      assert.strictEqual((yield* request(`GET ${messages}/${id}/reactions/${thumb}`)).at("length"), 1)
      yield* request(`DELETE ${messages}/${id}/reactions/${thumb}/@me`)
      assert.strictEqual((yield* request(`GET ${messages}`)).at("0.id"), id)
      assert.strictEqual((yield* request(`DELETE ${messages}/${id}`)).status, 204)
      assert.strictEqual((yield* request(`GET ${messages}/${id}`)).status, 404)
      yield* settle
      assert.deepStrictEqual(client.received().slice(before).map(({ t }) => t), [
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_DELETE"
      ])
    }).pipe(Effect.provide(layer())))

  it.effect("has the files of a form", () =>
    Effect.gen(function*() {
      const form = new FormData()
      form.set("payload_json", JSON.stringify({ attachments: [{ id: 0, description: "a cat" }] }))
      form.set("files[0]", new Blob(["meow"], { type: "text/plain" }), "cat.txt")
      const answer = yield* request(`POST ${messages}`, form)
      assert.strictEqual(answer.status, 200)
      assert.deepInclude(Object(answer.at("attachments.0")), { filename: "cat.txt", size: 4, description: "a cat" })
    }).pipe(Effect.provide(layer())))

  it.effect("is sent once with enforce_nonce", () =>
    Effect.gen(function*() {
      const send = request(`POST ${messages}`, { content: "once", nonce: "5", enforce_nonce: true })
      assert.strictEqual((yield* send).at("id"), (yield* send).at("id"))
    }).pipe(Effect.provide(layer())))
})

const interaction = (fields: object = {}) =>
  Builder.interaction({ id: "7", token: "its-token", guild_id: place.guild, channel_id: channel, ...fields })
const callback = (body: unknown) => request("POST /interactions/7/its-token/callback", body, "")
const original = `/webhooks/${place.bot}/its-token/messages/@original`

const dispatched = Effect.flatMap(GatewaySimulator.GatewaySimulator, ({ dispatch }) => dispatch(interaction()))

describe("an interaction", () => {
  it.effect("is answered within three seconds, and once", () =>
    Effect.gen(function*() {
      yield* dispatched
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual((yield* callback({ type: 4, data: { content: "pong" } })).status, 204)
      const again = yield* callback({ type: 4, data: { content: "pong" } })
      assert.deepStrictEqual([again.status, again.at("code")], [400, 40060])
      assert.deepStrictEqual(yield* violations, ["AnsweredTwice"])
    }).pipe(Effect.provide(layer())))

  it.effect("is unknown after three seconds, and its token is invalid", () =>
    Effect.gen(function*() {
      yield* dispatched
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* callback({ type: 4, data: { content: "pong" } })).at("code"), 10062)
      assert.strictEqual(
        (yield* request(`POST /webhooks/${place.bot}/its-token`, { content: "late" }, "")).at("code"),
        50027
      )
    }).pipe(Effect.provide(layer())))

  it.effect("is deferred, edited and followed up for fifteen minutes", () =>
    Effect.gen(function*() {
      yield* dispatched
      assert.strictEqual((yield* request(`GET ${original}`, undefined, "")).at("code"), 10015)
      assert.strictEqual((yield* callback({ type: 5, data: { flags: 64 } })).status, 204)
      assert.strictEqual((yield* request(`GET ${original}`, undefined, "")).at("flags"), 64 | 128)
      yield* TestClock.adjust("14 minutes")
      const edited = yield* request(`PATCH ${original}`, { content: "done" }, "")
      assert.deepInclude(Object(edited.body), { content: "done", flags: 64 })
      const followUp = yield* request(`POST /webhooks/${place.bot}/its-token`, { content: "more" }, "")
      assert.strictEqual(followUp.at("content"), "more")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* request(`PATCH ${original}`, { content: "late" }, "")).status, 401)
    }).pipe(Effect.provide(layer())))

  it.effect("returns its response with with_response", () =>
    Effect.gen(function*() {
      yield* dispatched
      const answer = yield* request("POST /interactions/7/its-token/callback?with_response=true", {
        type: 4,
        data: { content: "pong" }
      }, "")
      assert.strictEqual(answer.at("resource.message.content"), "pong")
      assert.strictEqual(answer.at("interaction.response_message_id"), answer.at("resource.message.id"))
    }).pipe(Effect.provide(layer())))

  const invalid: ReadonlyArray<readonly [body: object, fields: object, ...errors: ReadonlyArray<string>]> = [
    [{ type: 7, data: { content: "x" } }, {}, "type: BASE_TYPE_CHOICES"],
    [{ type: 4, data: { content: "x".repeat(2_001) } }, {}, "data.content: BASE_TYPE_MAX_LENGTH"],
    [{ type: 9, data: { custom_id: "m", title: "T" } }, {}, "data.components: BASE_TYPE_REQUIRED"],
    [
      { type: 9, data: { custom_id: "m", title: "T", components: [row(button())] } },
      {},
      "data.components: BASE_TYPE_CHOICES"
    ],
    [
      { type: 8, data: { choices: Array(26).fill({ name: "a", value: "b" }) } },
      { type: 4 },
      "data.choices: BASE_TYPE_MAX_LENGTH"
    ],
    [{ type: 4, data: { content: "x" } }, { type: 4 }, "type: BASE_TYPE_CHOICES"]
  ]
  for (const [body, fields, ...errors] of invalid) {
    it.effect(`is not answered by ${JSON.stringify(body).slice(0, 60)}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* simulator.dispatch(interaction(fields))
        const answer = yield* callback(body)
        assert.strictEqual(answer.at("code"), 50035)
        assert.deepStrictEqual(codes(Object(answer.at("errors"))), errors)
      }).pipe(Effect.provide(layer())))
  }
})

describe("rate limits", () => {
  it.effect("of a route are per channel, with their headers", () =>
    Effect.gen(function*() {
      const send = (id: string) => request(`POST /channels/${id}/messages`, { content: "hi" })
      const first = yield* send(channel)
      assert.deepInclude(first.headers, { "x-ratelimit-limit": "5", "x-ratelimit-remaining": "4" })
      assert.strictEqual(first.headers["x-ratelimit-reset-after"], "5.000")
      yield* TestClock.adjust("1500 millis")
      yield* Effect.repeatN(send(channel), 3)
      const sixth = yield* send(channel)
      assert.strictEqual(sixth.status, 429)
      assert.deepInclude(sixth.headers, { "retry-after": "4", "x-ratelimit-scope": "user" })
      assert.deepStrictEqual(sixth.body, { message: "You are being rate limited.", retry_after: 3.5, global: false })
      const elsewhere = yield* send(place.otherChannel)
      assert.strictEqual(elsewhere.status, 200)
      assert.strictEqual(elsewhere.headers["x-ratelimit-bucket"], first.headers["x-ratelimit-bucket"])
      yield* TestClock.adjust("3500 millis")
      assert.strictEqual((yield* send(channel)).status, 200)
      const simulator = yield* GatewaySimulator.GatewaySimulator
      assert.deepInclude(yield* simulator.restUsage, { routeExceeded: 1, globalExceeded: 0, invalid: 1 })
    }).pipe(Effect.provide(layer())))

  it.effect("of the bot are 50 requests a second, without those of interactions", () =>
    Effect.gen(function*() {
      for (let id = 0; id < 50; id++) {
        yield* request(`GET /guilds/${id}/webhooks`)
      }
      const refused = yield* request("GET /users/@me")
      assert.deepInclude(refused.headers, { "x-ratelimit-global": "true", "x-ratelimit-scope": "global" })
      assert.strictEqual((yield* request("POST /interactions/1/x/callback", { type: 1 }, "")).status, 404)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* request("GET /users/@me")).status, 200)
    }).pipe(Effect.provide(layer())))

  it("end a client with 10,000 invalid requests in ten minutes", () => {
    let now = 0
    const limits = Limits.make(() => now, () => now, 50)
    const bucket = { route: "GET /a", major: "", limit: { count: 20_000, window: 1_000 }, isGlobal: false }
    for (let i = 0; i < 10_000; i++) {
      assert.isUndefined(limits.take(bucket))
      limits.countInvalid({ status: 403, headers: {}, body: undefined })
    }
    assert.deepInclude(limits.take(bucket), { status: 429, headers: { "retry-after": "600" } })
    now = 600_000
    assert.isUndefined(limits.take(bucket))
  })
})

describe("faults", () => {
  const me = request("GET /users/@me")

  for (const scope of ["global", "route", "shared"] as const) {
    it.effect(`answer 429 for the scope ${scope}`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* simulator.injectRest(RestFault.RateLimit({ scope, retryAfter: "2 seconds", times: 1 }))
        const answer = yield* me
        assert.strictEqual(answer.status, 429)
        assert.strictEqual(answer.headers["x-ratelimit-scope"], scope === "route" ? "user" : scope)
        assert.strictEqual(answer.at("retry_after"), 2)
        assert.strictEqual((yield* me).status, 200)
        const { globalExceeded, invalid, routeExceeded } = yield* simulator.restUsage
        assert.deepStrictEqual([globalExceeded, routeExceeded, invalid], [0, 0, scope === "shared" ? 0 : 1])
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provide(layer())))
  }

  it.effect("answer 5xx on a route, and nothing on another", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.injectRest(RestFault.ServerError({ status: 502, times: 1, route: "GET /gateway/bot" }))
      assert.strictEqual((yield* me).status, 200)
      assert.strictEqual((yield* request("GET /gateway/bot")).status, 502)
      assert.strictEqual((yield* request("GET /gateway/bot")).status, 200)
    }).pipe(Effect.provide(layer())))

  for (const isHandled of [true, false]) {
    it.effect(`drop the connection ${isHandled ? "after" : "before"} the effect`, () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* simulator.injectRest(RestFault.DropConnection({ isHandled, times: 1 }))
        yield* Effect.flip(request(`POST ${messages}`, { content: "hi" }))
        assert.strictEqual((yield* request(`GET ${messages}`)).at("length"), isHandled ? 1 : 0)
      }).pipe(Effect.provide(layer())))
  }

  it.effect("answer late", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* simulator.injectRest(RestFault.SlowResponse({ delay: "4 seconds", times: 1 }))
      const fiber = yield* Effect.fork(me)
      yield* TestClock.adjust("3999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* fiber).status, 200)
    }).pipe(Effect.provide(layer())))

  it.effect("move Discord's clock", () =>
    Effect.gen(function*() {
      const simulator = yield* GatewaySimulator.GatewaySimulator
      const date = Effect.map(me, ({ headers }) => Date.parse(headers["date"] ?? ""))
      const before = yield* date
      yield* simulator.injectRest(RestFault.SkewDate({ by: "3 seconds" }))
      assert.strictEqual((yield* date) - before, 3_000)
      yield* simulator.injectRest(RestFault.SkewDate({ by: "5 seconds", direction: "behind" }))
      assert.strictEqual((yield* date) - before, -2_000)
    }).pipe(Effect.provide(layer())))
})
