import { assert, describe, it } from "@effect/vitest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Events from "@vesper/gateway/Events"
import { Locale } from "discord-api-types/v10"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Builder from "../src/Builder.js"
import * as Expect from "../src/Expect.js"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import { violations } from "./client.js"
import { place, request, world } from "./restClient.js"

type Interaction = Builder.Built<"INTERACTION_CREATE">["d"]

/** Answers an interaction with a callback. */
const answer = ({ id, token }: Interaction, type: number, data?: object) =>
  request(`POST /interactions/${id}/${token}/callback`, { type, data }, "")

const edit = ({ token }: Interaction, body: object) =>
  request(`PATCH /webhooks/${place.bot}/${token}/messages/@original`, body, "")

type Bot = (interaction: Interaction) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>

/** A bot that handles each interaction, on a shard of the simulator. */
const withBot = <A, E>(
  bot: Bot,
  test: Effect.Effect<A, E, GatewaySimulator.GatewaySimulator | HttpClient.HttpClient>
) => {
  const handlers = Events.on("INTERACTION_CREATE", ({ d }) => Effect.orDie(bot(d)))
  return Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    yield* Effect.forkScoped(Events.run(handlers))
    yield* Expect.expectCommand(simulator, 2)
    return yield* test
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provideMerge(
      GatewaySimulator.layerHttpClient,
      GatewaySimulator.layerShard(Events.config(handlers), { token: Redacted.make("token"), world })
    ))
  )
}

const interact = (event: GatewaySimulator.Event) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) => simulator.interact(event))

const dataOf = (interaction: Interaction): { readonly [key: string]: unknown } => Object(Object(interaction)["data"])

/** Each kind of interaction, with what the bot reads from it. */
const kinds: ReadonlyArray<readonly [what: string, event: GatewaySimulator.Event, part: object]> = [
  ["a command", Builder.command("ping", { name: "Ada", times: 2, share: 0.5, loud: true }), {
    name: "ping",
    options: [
      { name: "name", type: 3, value: "Ada" },
      { name: "times", type: 4, value: 2 },
      { name: "share", type: 10, value: 0.5 },
      { name: "loud", type: 5, value: true }
    ]
  }],
  ["a subcommand", Builder.command("config set", { key: "a" }), {
    name: "config",
    options: [{ name: "set", type: 1, options: [{ name: "key", type: 3, value: "a" }] }]
  }],
  ["a subcommand in a group", Builder.command("config user set"), {
    options: [{ name: "user", type: 2, options: [{ name: "set", type: 1, options: [] }] }]
  }],
  ["a button", Builder.button("go"), { custom_id: "go", component_type: 2 }],
  ["a select menu", Builder.select("pick", ["a"]), { custom_id: "pick", component_type: 3, values: ["a"] }],
  ["a user command", Builder.userCommand("Report", "5"), { name: "Report", type: 2, target_id: "5" }]
]

describe("interact", () => {
  for (const [what, event, part] of kinds) {
    it.effect(`sends ${what}, and returns its reply`, () => {
      let received: Interaction | undefined
      return withBot(
        (interaction) => {
          received = interaction
          return answer(interaction, 4, { content: "pong" })
        },
        Effect.gen(function*() {
          const reply = yield* interact(event)
          assert.deepStrictEqual([reply.type, reply.content, reply.isDeferred], [4, "pong", false])
          assert.isNotNull(received)
          assert.deepInclude(dataOf(Object(received)), part)
          assert.strictEqual(Object(received)["guild_id"], place.guild)
          assert.deepStrictEqual(Object(received)["authorizing_integration_owners"], { 0: place.guild })
        })
      )
    })
  }

  it.effect("returns the edited message of a deferred reply, and its follow-ups", () =>
    withBot(
      (interaction) =>
        Effect.gen(function*() {
          yield* answer(interaction, 5, { flags: 64 })
          yield* Effect.sleep("10 seconds")
          yield* edit(interaction, { content: "done" })
          yield* request(`POST /webhooks/${place.bot}/${interaction.token}`, { content: "more" }, "")
        }),
      Effect.gen(function*() {
        const fiber = yield* Effect.fork(interact(Builder.command("slow")))
        yield* TestClock.adjust("9999 millis")
        assert.isNull(fiber.unsafePoll())
        yield* TestClock.adjust("1 millis")
        const reply = yield* fiber
        assert.deepStrictEqual([reply.type, reply.content, reply.isDeferred, reply.isEphemeral], [
          5,
          "done",
          true,
          true
        ])
        assert.strictEqual((yield* reply.awaitFollowUp()).content, "more")
      })
    ))

  it.effect("returns a modal, and choices", () =>
    withBot(
      (interaction) =>
        Object(interaction)["type"] === 4
          ? answer(interaction, 8, { choices: [{ name: "Ada", value: "ada" }] })
          : answer(interaction, 9, {
            custom_id: "m",
            title: "Form",
            components: [{ type: 18, label: "Name", component: { type: 4, custom_id: "name", style: 1 } }]
          }),
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const modal = yield* Expect.reply(simulator, Builder.command("form"), { custom_id: "m" })
        assert.isTrue(Option.isNone(modal.message))
        yield* Expect.reply(simulator, Builder.autocomplete("who", { name: "a" }), { choices: [{ value: "ada" }] })
      })
    ))

  it.effect("updates the message of a button", () =>
    withBot(
      (interaction) =>
        Object(interaction)["type"] === 3
          ? answer(interaction, 7, { content: "chosen", components: [] })
          : answer(interaction, 4, {
            content: "choose",
            components: [{ type: 1, components: [{ type: 2, style: 1, label: "Yes", custom_id: "yes" }] }]
          }),
      Effect.gen(function*() {
        const question = yield* interact(Builder.command("ask"))
        const chosen = yield* interact(Builder.button("yes", Option.getOrUndefined(question.message)))
        assert.deepStrictEqual([chosen.type, chosen.content], [7, "chosen"])
        const { id } = Option.getOrThrow(chosen.message)
        assert.strictEqual(id, Option.getOrThrow(question.message).id)
        assert.strictEqual((yield* request(`GET /channels/${place.channel}/messages/${id}`)).at("content"), "chosen")
      })
    ))

  it.effect("fails for a bot that does not answer within three seconds", () =>
    withBot(
      () => Effect.void,
      Effect.gen(function*() {
        const fiber = yield* Effect.fork(Effect.either(interact(Builder.command("ping"))))
        yield* TestClock.adjust("3 seconds")
        const failed = yield* fiber
        assert.isTrue(Either.isLeft(failed))
        assert.include(String(Either.getOrThrow(Either.flip(failed))), "not answered within three seconds")
        assert.deepStrictEqual(yield* violations, ["NotAnswered"])
      })
    ))

  it.effect("fails without a session", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(interact(Builder.command("ping")))
      assert.include(failed.message, "no session")
    }).pipe(Effect.provide(GatewaySimulator.layer())))

  it.effect("sends commands as the bot registered them, and no other", () => {
    let received: unknown
    return withBot(
      (interaction) => {
        received = dataOf(interaction)
        return answer(interaction, 4, { content: "ok" })
      },
      Effect.gen(function*() {
        const option = (name: string, type: number, required = false) => ({ name, type, description: "x", required })
        const registered = yield* request(`PUT /applications/${place.bot}/commands`, [
          { name: "ban", description: "x", options: [option("who", 6, true), option("share", 10)] }
        ])
        yield* interact(Builder.command("ban", { who: place.member, share: 1 }))
        assert.deepInclude(Object(received), {
          id: registered.at("0.id"),
          options: [{ name: "who", type: 6, value: place.member }, { name: "share", type: 10, value: 1 }]
        })
        assert.deepStrictEqual(Object.keys(Object(Object(received)["resolved"])), ["users", "members"])
        for (
          const [event, problem] of [
            [Builder.command("kick"), "not registered"],
            [Builder.command("ban"), "required"],
            [Builder.command("ban", { who: "5", why: "x" }), "no option why"]
          ] as const
        ) {
          assert.include((yield* Effect.flip(interact(event))).message, problem)
        }
      })
    )
  })

  it.effect("refuses values that Discord's client does not send", () =>
    withBot(
      (interaction) => answer(interaction, 4, { content: "ok" }),
      Effect.gen(function*() {
        const option = (name: string, type: number, more: object) => ({ name, type, description: "x", ...more })
        const options = [
          option("colour", 3, { choices: [{ name: "Red", value: "r" }] }),
          option("count", 4, { min_value: 1, max_value: 5 }),
          option("word", 3, { min_length: 2, max_length: 3 }),
          option("voice", 7, { channel_types: [2] })
        ]
        yield* request(`PUT /applications/${place.bot}/commands`, [{ name: "try", description: "x", options }])
        for (
          const [given, problem] of [
            [{ colour: "x" }, "the option colour has no choice x, but r"],
            [{ count: 0 }, "the option count is 0, outside of 1 to 5"],
            [{ count: 6 }, "the option count is 6, outside of 1 to 5"],
            [{ word: "a" }, "the option word has 1 characters, outside of 2 to 3"],
            [{ word: "abcd" }, "the option word has 4 characters, outside of 2 to 3"],
            [{ voice: place.channel }, "the option voice accepts channels of the types 2, not 0"]
          ] as const
        ) {
          const failed = yield* Effect.flip(interact(Builder.command("try", given)))
          assert.strictEqual(failed.message, `/try cannot be used: ${problem}; registered: try`)
        }
        assert.strictEqual(
          (yield* interact(Builder.command("try", { colour: "r", count: 5, word: "ab" }))).content,
          "ok"
        )
      })
    ))

  it.effect("refuses components that are not on their message, and modals that were not shown", () => {
    const button = (custom_id: string, more: object = {}) => ({ type: 2, style: 1, label: "x", custom_id, ...more })
    const menu = { type: 3, custom_id: "pick", options: [{ label: "A", value: "a" }] }
    const components = [
      { type: 1, components: [button("yes"), button("no", { disabled: true })] },
      { type: 1, components: [menu] }
    ]
    const field = (custom_id: string, more: object) => ({
      type: 18,
      label: custom_id,
      component: { type: 4, style: 1, custom_id, ...more }
    })
    const modal = {
      custom_id: "form",
      title: "x",
      components: [field("name", { max_length: 3 }), field("note", { required: false })]
    }
    return withBot(
      (interaction) =>
        dataOf(interaction)["custom_id"] === "yes"
          ? answer(interaction, 9, modal)
          : answer(interaction, 4, { content: "ok", components, flags: 64 }),
      Effect.gen(function*() {
        const message = Option.getOrUndefined((yield* interact(Builder.command("ask"))).message)
        const unseen = Builder.modal("form", { name: "Ada" })
        assert.include(
          (yield* Effect.flip(interact(unseen))).message,
          "the modal form cannot be used: the bot has not shown it"
        )
        assert.strictEqual((yield* interact(Builder.button("yes", message))).type, 9)
        for (
          const [event, problem] of [
            [Builder.button("maybe", message), "maybe cannot be used: its message has the components yes, no, pick"],
            [Builder.button("no", message), "no cannot be used: it is disabled"],
            [Builder.select("pick", ["b"], message), "pick cannot be used: it has no option b, but a"],
            [Builder.modal("form", {}), "form cannot be used: the field name is required"],
            [Builder.modal("form", { name: "" }), "form cannot be used: the field name is required"],
            [Builder.modal("form", { name: "Grace" }), "the field name has 5 characters, outside of 0 to 3"],
            [Builder.modal("form", { name: "Ada", age: "1" }), "form cannot be used: it has no field age"]
          ] as const
        ) {
          assert.include((yield* Effect.flip(interact(event))).message, problem)
        }
        for (const event of [Builder.select("pick", ["a"], message), unseen, Builder.button("unknown")]) {
          assert.strictEqual((yield* interact(event)).content, "ok")
        }
      })
    )
  })

  it("makes interactions of a user whose language is en-US", () => {
    assert.strictEqual(Object(Builder.command("ping").d).locale, "en-US")
    assert.strictEqual(Object(Builder.command("ping", {}, { locale: Locale.French }).d).locale, "fr")
  })
})

describe("Expect", () => {
  it.effect("request returns a request by its route or path", () =>
    withBot(
      () => Effect.void,
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        yield* request(`POST /channels/${place.channel}/messages`, { content: "hi" })
        for (const what of ["POST /channels/:channel/messages", `POST /channels/${place.channel}/messages`]) {
          assert.deepStrictEqual((yield* Expect.request(simulator, what)).body, { content: "hi" })
        }
        const fiber = yield* Effect.fork(Effect.flip(Expect.request(simulator, "DELETE /guilds/:guild")))
        yield* TestClock.adjust("5 seconds")
        assert.include((yield* fiber).message, "(200)")
      })
    ))

  it.effect("reply fails with what was received", () =>
    withBot(
      (interaction) => answer(interaction, 4, { content: "pang" }),
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const failed = yield* Effect.flip(Expect.reply(simulator, Builder.command("ping"), "pong"))
        assert.strictEqual(failed._tag, "UnexpectedReplyError")
        assert.include(failed.message, "pang")
      })
    ))
})
