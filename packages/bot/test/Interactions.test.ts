import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/bot/Command"
import * as Component from "@vesper/bot/Component"
import * as Interactions from "@vesper/bot/Interactions"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { run } from "./bot.js"
import { Discord } from "./discord.js"

const ping = Command.slash("ping", { description: "Answers with pong" }, ({ reply }) => reply("pong"))

const slow = Command.slash("slow", {
  description: "Answers late",
  options: { millis: Command.integer("The time") }
}, ({ options, reply }) => Effect.delay(reply(`after ${options.millis}`), options.millis))

const millis = (value: number) => [{ name: "millis", type: 4, value }]

/** Advances the clock in small steps, so that each timer runs at its time. */
const advance = (steps: number, step = 100) => Effect.replicateEffect(TestClock.adjust(step), steps, { discard: true })

/** Collects the lines of the log. */
const withLog = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return Effect.provide(use(lines), Logger.replace(Logger.defaultLogger, logger))
}

describe("an interaction", () => {
  it.scoped("is answered by its handler", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(ping), discord)
      yield* bot.handle(yield* discord.slash("ping"))
      assert.deepStrictEqual(discord.callbacks.map(({ body }) => body), [{ type: 4, data: { content: "pong" } }])
    })
  })

  it.scoped("gives its handler the values of all kinds of options", () => {
    const discord = new Discord()
    const all = Command.slash("all", {
      description: "Takes everything",
      options: {
        text: Command.string("A text", { choices: { Red: "r", Blue: "b" } }),
        count: Command.integer("A count"),
        ratio: Command.number("A ratio"),
        yes: Command.boolean("Yes or no"),
        whom: Command.user("A user"),
        where: Command.channel("A channel"),
        rank: Command.role("A role"),
        any: Command.mentionable("Anyone"),
        file: Command.attachment("A file"),
        maybe: Command.optional(Command.string("Perhaps"))
      }
    }, ({ options, reply }) =>
      reply(
        [
          options.text,
          options.count,
          options.ratio,
          options.yes,
          options.whom.user.username,
          options.where.name,
          options.rank.name,
          options.any._tag,
          options.file.filename,
          Option.getOrElse(options.maybe, () => "none")
        ].join(" ")
      ))
    const given = [
      { name: "text", type: 3, value: "r" },
      { name: "count", type: 4, value: 3 },
      { name: "ratio", type: 10, value: 0.5 },
      { name: "yes", type: 5, value: true },
      { name: "whom", type: 6, value: "1" },
      { name: "where", type: 7, value: "2" },
      { name: "rank", type: 8, value: "3" },
      { name: "any", type: 9, value: "3" },
      { name: "file", type: 11, value: "4" }
    ]
    const resolved = {
      users: { 1: { id: "1", username: "ada" } },
      channels: { 2: { id: "2", name: "general" } },
      roles: { 3: { id: "3", name: "captain" } },
      attachments: { 4: { id: "4", filename: "a.png" } }
    }
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(all), discord)
      yield* bot.handle(
        yield* discord.interaction({ type: 2, data: { id: "5", type: 1, name: "all", options: given, resolved } })
      )
      assert.deepStrictEqual(discord.texts, ["r 3 0.5 true ada general captain Role a.png none"])
    })
  })

  it.scoped("reaches its subcommand, also in a group", () => {
    const discord = new Discord()
    const tag = Command.group("tag", {
      description: "Keeps texts",
      subcommands: {
        show: { description: "Shows one", options: { name: Command.string("Its name") } },
        admin: { description: "Changes", subcommands: { clear: { description: "Deletes all" } } }
      }
    }, {
      show: ({ options, reply }) => reply(`show ${options.name}`),
      admin: { clear: ({ reply }) => reply("cleared") }
    })
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer([tag]), discord)
      yield* bot.handle(
        yield* discord.slash("tag", [{ name: "show", type: 1, options: [{ name: "name", type: 3, value: "x" }] }])
      )
      yield* bot.handle(
        yield* discord.slash("tag", [{ name: "admin", type: 2, options: [{ name: "clear", type: 1 }] }])
      )
      assert.deepStrictEqual(discord.texts, ["show x", "cleared"])
    })
  })

  it.scoped("of a user's and a message's menu has its target", () => {
    const discord = new Discord()
    const handlers = [
      Command.onUser("Wave at", ({ reply, target }) => reply(`waves at ${target.user.username}`)),
      Command.onMessage("Count", ({ reply, target }) => reply(`${target.content.length}`))
    ]
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(handlers), discord)
      yield* bot.handle(
        yield* discord.interaction({
          type: 2,
          data: { type: 2, name: "Wave at", target_id: "1", resolved: { users: { 1: { id: "1", username: "ada" } } } }
        })
      )
      yield* bot.handle(
        yield* discord.interaction({
          type: 2,
          data: { type: 3, name: "Count", target_id: "9", resolved: { messages: { 9: { id: "9", content: "four" } } } }
        })
      )
      assert.deepStrictEqual(discord.texts, ["waves at ada", "4"])
    })
  })

  it.scoped("completes options with suggestions of a service, or with none when they are late", () =>
    withLog((lines) => {
      const discord = new Discord()
      const Cities = Context.GenericTag<ReadonlyArray<string>>("test/Cities")
      const travel = Command.slash("travel", {
        description: "Travels",
        options: {
          to: Command.string("The city", {
            autocomplete: ({ value }) =>
              Effect.delay(
                Effect.map(Cities, (cities) => cities.filter((city) => city.startsWith(value))),
                value === "late" ? "10 seconds" : 0
              )
          })
        }
      }, ({ reply }) => reply("there"))
      const typing = (value: string) =>
        discord.interaction({
          type: 4,
          data: { id: "5", type: 1, name: "travel", options: [{ name: "to", type: 3, value, focused: true }] }
        })
      return Effect.gen(function*() {
        const bot = yield* run(
          Interactions.layer(travel).pipe(Layer.provide(Layer.succeed(Cities, ["Berlin", "Bern", "Rome"]))),
          discord
        )
        yield* bot.handle(yield* typing("Ber"))
        const late = yield* Effect.fork(bot.handle(yield* typing("late")))
        yield* advance(24)
        assert.lengthOf(discord.callbacks, 1)
        yield* advance(2)
        yield* Fiber.join(late)
        assert.deepStrictEqual(discord.callbacks.map(({ body }) => body), [
          {
            type: 8,
            data: { choices: [{ name: "Berlin", value: "Berlin" }, { name: "Bern", value: "Bern" }] }
          },
          { type: 8, data: { choices: [] } }
        ])
        assert.include(lines.join("\n"), "The autocompletion of the command travel took longer than 2.5 seconds")
      })
    }))

  it.scoped("with a button carries its parameters, and updates the message", () => {
    const discord = new Discord()
    const vote = Component.button(
      "vote",
      { params: { poll: Schema.NumberFromString, choice: Schema.Literal("yes", "a:b") } },
      ({ params, update }) => update(`${params.poll + 1} ${params.choice}`)
    )
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(vote), discord)
      const made = vote.make({ label: "Yes", params: { poll: 3, choice: "a:b" } })
      assert.strictEqual(made.custom_id, "vote:a%3Ab:3")
      yield* bot.handle(yield* discord.component(made.custom_id))
      assert.deepStrictEqual(discord.callbacks.map(({ body }) => body), [{ type: 7, data: { content: "4 a:b" } }])
    })
  })

  it.scoped("with a late component handler is deferred as an update, and may reply or update", () => {
    const discord = new Discord()
    const colour = Component.select(
      "colour",
      "string",
      {},
      ({ update, values }) => Effect.delay(update(values.join()), "2 seconds")
    )
    const hello = Component.button(
      "hello",
      { ephemeral: true },
      ({ reply }) => Effect.delay(reply("hello"), "2 seconds")
    )
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer([colour, hello]), discord)
      const fibers = [
        yield* Effect.fork(bot.handle(yield* discord.component("colour", { component_type: 3, values: ["red"] }))),
        yield* Effect.fork(bot.handle(yield* discord.component("hello")))
      ]
      yield* advance(25)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(discord.callbacks.map(({ body }) => body.type), [6, 6])
      const webhooks = discord.sent.filter(({ path }) => path.startsWith("/webhooks/"))
      assert.deepStrictEqual(
        webhooks.map(({ json, method }) => ({ method, json })).toSorted((a, b) => a.method < b.method ? -1 : 1),
        [
          { method: "PATCH", json: { content: "red" } },
          { method: "POST", json: { content: "hello", flags: 64 } }
        ]
      )
    })
  })

  it.scoped("opens a modal, whose texts reach its handler", () => {
    const discord = new Discord()
    const feedback = Component.modal("feedback", {
      title: "Your opinion",
      fields: { subject: { label: "Subject" }, text: { label: "Text", paragraph: true, required: false } },
      params: { page: Schema.String }
    }, ({ fields, params, reply }) => reply(`${params.page} ${fields.subject} ${fields.text}`))
    const ask = Command.slash(
      "ask",
      { description: "Asks" },
      ({ showModal }) => showModal(feedback.make({ params: { page: "p" } }))
    )
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer([feedback, ask]), discord)
      yield* bot.handle(yield* discord.slash("ask"))
      const [first] = discord.callbacks
      assert.strictEqual(first?.body.type, 9)
      assert.strictEqual(first?.body.data?.["custom_id"], "feedback:p")
      yield* bot.handle(
        yield* discord.interaction({
          type: 5,
          data: {
            custom_id: "feedback:p",
            components: [{ type: 18, component: { type: 4, custom_id: "subject", value: "birds" } }]
          }
        })
      )
      assert.deepStrictEqual(discord.texts, ["p birds "])
    })
  })
})

describe("the time of an answer", () => {
  it.scoped("defers each of 200 interactions in time, and answers each once", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(slow), discord)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, index) => index * 25),
        (time) => Effect.flatMap(discord.slash("slow", millis(time)), (raw) => Effect.fork(bot.handle(raw)))
      )
      yield* advance(52)
      yield* Fiber.joinAll(fibers)
      assert.lengthOf(discord.callbacks, 200)
      assert.lengthOf(new Set(discord.callbacks.map(({ id }) => id)), 200)
      assert.isAtMost(Math.max(...discord.callbacks.map(({ after }) => after)), 3_000)
      assert.deepStrictEqual(discord.rejected, [])
      assert.lengthOf(discord.texts, 200)
    })
  }, 120_000)

  for (const seed of [1, 2, 3]) {
    it.scoped(`holds for random times, latencies and a small concurrency (seed ${seed})`, () => {
      let state = seed
      const random = (below: number) => {
        state = (state * 48_271) % 2_147_483_647
        return state % below
      }
      const discord = new Discord({ latency: () => random(400) })
      return Effect.gen(function*() {
        const building = yield* Effect.fork(run(
          Interactions.layer(slow).pipe(Layer.provide(Interactions.layerSettings({ concurrency: 1 + random(5) }))),
          discord
        ))
        yield* advance(5)
        const bot = yield* Fiber.join(building)
        const fibers: Array<Fiber.RuntimeFiber<unknown, never>> = []
        for (let index = 0; index < 30; index++) {
          const raw = yield* discord.slash("slow", millis(random(5_000)), random(500))
          fibers.push(yield* Effect.fork(bot.handle(raw)))
          yield* advance(1, random(100))
        }
        yield* Effect.fork(Fiber.joinAll(fibers))
        while (discord.callbacks.length < 30) {
          yield* advance(1)
        }
        assert.isAtMost(Math.max(...discord.callbacks.map(({ after }) => after)), 3_000)
        assert.deepStrictEqual(discord.rejected, [])
        yield* Fiber.interruptAll(fibers)
      })
    }, 120_000)
  }

  it.scoped("does not run an interaction that is too old, and reports it", () =>
    withLog((lines) => {
      const discord = new Discord()
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer(ping), discord)
        yield* bot.handle(yield* discord.slash("ping", [], "10 seconds"))
        assert.deepStrictEqual(discord.callbacks, [])
        assert.match(lines.join("\n"), /command ping\) was not run: it is (9|10)s.* old/)
      })
    }))

  for (const hostIsFast of ["1 hour", "-1 hour"] as const) {
    it.scoped(`does not depend on the host's clock (${hostIsFast} fast)`, () => {
      const discord = new Discord({ hostIsFast })
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer(ping), discord)
        yield* bot.handle(yield* discord.slash("ping"))
        yield* bot.handle(yield* discord.slash("ping", [], "5 seconds"))
        assert.lengthOf(discord.callbacks, 1)
        assert.deepStrictEqual(discord.rejected, [])
      })
    })
  }

  it.scoped("defers an interaction that arrives late at once", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer([ping, slow]), discord)
      yield* bot.handle(yield* discord.slash("ping"))
      const fiber = yield* Effect.fork(bot.handle(yield* discord.slash("slow", millis(1_000), "2500 millis")))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(discord.callbacks.map(({ body }) => body.type), [4, 5])
      yield* advance(10)
      yield* Fiber.join(fiber)
    })
  })

  it.scoped("counts an answer of another process as an answer", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(ping), discord)
      const raw = yield* discord.slash("ping")
      yield* bot.handle(raw)
      yield* bot.handle(raw)
      assert.lengthOf(discord.callbacks, 1)
      assert.deepStrictEqual(discord.rejected.map(({ code }) => code), [40060])
    })
  })
})
