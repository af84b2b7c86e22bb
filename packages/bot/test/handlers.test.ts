import { assert, describe, it } from "@effect/vitest"
import * as Check from "@vesper/bot/Check"
import * as Command from "@vesper/bot/Command"
import * as Interaction from "@vesper/bot/Interaction"
import * as Interactions from "@vesper/bot/Interactions"
import * as Deferred from "effect/Deferred"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import { run } from "./bot.js"
import { Discord } from "./discord.js"

const ping = Command.slash("ping", { description: "Answers with pong" }, ({ reply }) => reply("pong"))

const slow = Command.slash("slow", {
  description: "Answers late",
  options: { millis: Command.integer("The time") }
}, ({ options, reply }) => Effect.delay(reply(`after ${options.millis}`), options.millis))

/** Collects the lines of the log. */
const withLog = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(message))
  })
  return Effect.provide(use(lines), Logger.replace(Logger.defaultLogger, logger))
}

describe("a handler", () => {
  const failing: ReadonlyArray<
    readonly [name: string, effect: Effect.Effect<never, unknown>, text: string, logged: boolean]
  > = [
    ["fails", Effect.fail("secret reason"), "Something went wrong. The error was reported.", true],
    ["dies", Effect.die(new Error("secret reason")), "Something went wrong. The error was reported.", true],
    ["rejects", Effect.fail(new Interaction.Rejected({ reason: "Not today." })), "Not today.", false]
  ]
  for (const [name, effect, text, logged] of failing) {
    it.scoped(`that ${name} gives the user a message and the log the cause`, () =>
      withLog((lines) => {
        const discord = new Discord()
        const broken = Command.slash("broken", { description: "Breaks" }, () => effect)
        return Effect.gen(function*() {
          const bot = yield* run(Interactions.layer(broken), discord)
          yield* bot.handle(yield* discord.slash("broken"))
          assert.deepStrictEqual(discord.callbacks.map(({ body }) => body), [{
            type: 4,
            data: { content: text, flags: 64 }
          }])
          assert.strictEqual(lines.some((line) => line.includes("The handler of the command broken failed")), logged)
        })
      }))
  }

  it.scoped("that ends without an answer is completed and reported", () =>
    withLog((lines) => {
      const discord = new Discord()
      const silent = Command.slash("silent", { description: "Says nothing" }, () => Effect.void)
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer(silent), discord)
        yield* bot.handle(yield* discord.slash("silent"))
        assert.deepStrictEqual(discord.texts, ["Done."])
        assert.include(lines.join("\n"), "ended without an answer")
      })
    }))

  it.scoped("that replies twice gets an error, and a follow-up is allowed", () => {
    const discord = new Discord()
    const twice = Command.slash("twice", { description: "Twice" }, ({ followUp, reply }) =>
      Effect.gen(function*() {
        yield* reply("one")
        const error = yield* Effect.flip(reply("two"))
        yield* followUp(error._tag)
      }))
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(twice), discord)
      yield* bot.handle(yield* discord.slash("twice"))
      assert.deepStrictEqual(discord.texts, ["one", "AlreadyAnswered"])
    })
  })

  for (const action of ["edit", "followUp", "deleteReply"] as const) {
    it.scoped(`cannot ${action} before it has answered`, () => {
      const discord = new Discord()
      const early = Command.slash(
        "early",
        { description: "Early" },
        ({ deleteReply, edit, followUp, reply }) =>
          Effect.gen(function*() {
            const effect: Effect.Effect<unknown, Interaction.AnswerError> =
              { edit: edit("a"), followUp: followUp("a"), deleteReply }[action]
            const error = yield* Effect.flip(effect)
            yield* reply(`${error._tag}: ${error.message}`)
            yield* effect
          })
      )
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer(early), discord)
        yield* bot.handle(yield* discord.slash("early"))
        assert.match(String(discord.texts[0]), /^NotAnswered: .*: reply or defer first$/)
        // It is allowed after the answer.
        assert.lengthOf(discord.sent.filter(({ path }) => path.startsWith("/webhooks/")), 1)
      })
    })
  }

  it.scoped("ends with texts in the user's language", () => {
    const discord = new Discord()
    const settings = Interactions.layerSettings({
      failureText: ({ localize }) => localize({ default: "failed", de: "fehlgeschlagen" }),
      doneText: ({ localize }) => localize({ default: "done", de: "fertig" })
    })
    const features = Interactions.layer([
      Command.slash("broken", { description: "Breaks" }, () => Effect.fail("broken")),
      Command.slash("silent", { description: "Says nothing" }, () => Effect.void)
    ])
    return Effect.gen(function*() {
      const bot = yield* run(features.pipe(Layer.provide(settings)), discord)
      yield* bot.handle(yield* discord.slash("broken", [], 0, { locale: "de" }))
      yield* bot.handle(yield* discord.slash("silent", [], 0, { locale: "de" }))
      assert.deepStrictEqual(discord.texts, ["fehlgeschlagen", "fertig"])
    })
  })

  it.scoped("has a scope of its own", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const scoped = Command.slash(
        "scoped",
        { description: "Scoped" },
        ({ reply }) => Effect.zipRight(Effect.addFinalizer(() => Deferred.succeed(closed, undefined)), reply("open"))
      )
      const bot = yield* run(Interactions.layer(scoped), discord)
      yield* bot.handle(yield* discord.slash("scoped"))
      assert.isTrue(yield* Deferred.isDone(closed))
    })
  })

  it.scoped("answers in the user's language", () => {
    const discord = new Discord()
    const greet = Command.slash(
      "greet",
      { description: "Greets" },
      ({ localize, reply }) => reply(localize({ default: "hello", de: "hallo" }))
    )
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(greet), discord)
      yield* bot.handle(yield* discord.slash("greet", [], 0, { locale: "de" }))
      yield* bot.handle(yield* discord.slash("greet", [], 0, { locale: "fr" }))
      assert.deepStrictEqual(discord.texts, ["hallo", "hello"])
    })
  })
})

describe("a check", () => {
  const refused: ReadonlyArray<
    readonly [name: string, handler: Interaction.Handler, more: object, expected: ReadonlyArray<RegExp>]
  > = [
    ["of the guild", ping.pipe(Check.guildOnly), { guild_id: undefined }, [/only in a server/]],
    ["of permissions", ping.pipe(Check.permissions("BanMembers")), {}, [/permission BanMembers/]],
    [
      "of permissions, which an administrator has",
      ping.pipe(Check.permissions("BanMembers")),
      { member: { user: { id: "1" }, permissions: "8" } },
      [/^pong$/]
    ],
    ["of the bot's permissions", ping.pipe(Check.botPermissions("ManageRoles")), {}, [
      /I need the permission ManageRoles/
    ]],
    [
      "of the program",
      ping.pipe(Check.make(({ user }) => Effect.fail(new Interaction.Rejected({ reason: `no, ${user.username}` })))),
      {},
      [/^no, ada$/]
    ]
  ]
  for (const [name, handler, more, expected] of refused) {
    it.scoped(name, () => {
      const discord = new Discord()
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer(handler), discord)
        yield* bot.handle(yield* discord.slash("ping", [], 0, more))
        assert.lengthOf(discord.texts, expected.length)
        expected.forEach((pattern, index) => assert.match(String(discord.texts[index]), pattern))
      })
    })
  }

  it.scoped("of a cooldown allows another use after its time", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(ping.pipe(Check.cooldown("10 seconds"))), discord)
      yield* bot.handle(yield* discord.slash("ping"))
      yield* bot.handle(yield* discord.slash("ping"))
      yield* TestClock.adjust("10 seconds")
      yield* bot.handle(yield* discord.slash("ping"))
      assert.deepStrictEqual(discord.texts, ["pong", "Try again in 10 seconds.", "pong"])
    })
  })
})

describe("the text of a check", () => {
  it.scoped("is that of the program, in the user's language", () => {
    const discord = new Discord()
    const german = { locale: "de", guild_id: undefined }
    const handlers = [
      ping.pipe(
        Check.withText(Check.guildOnly, ({ localize }) => localize({ default: "In a server.", de: "Im Server." }))
      ),
      slow.pipe(Check.cooldown("10 seconds", { text: (seconds, { locale }) => `${locale} ${seconds}` }))
    ]
    return Effect.gen(function*() {
      const bot = yield* run(Interactions.layer(handlers), discord)
      const values = [{ name: "millis", type: 4, value: 0 }]
      yield* bot.handle(yield* discord.slash("ping", [], 0, german))
      yield* bot.handle(yield* discord.slash("slow", values, 0, german))
      yield* bot.handle(yield* discord.slash("slow", values, 0, german))
      assert.deepStrictEqual(discord.texts, ["Im Server.", "after 0", "de 10"])
    })
  })
})

describe("the registration", () => {
  const counts = (discord: Discord) =>
    discord.sent.filter(({ path }) => path.includes("/commands")).map(({ method }) => method)

  it.scoped("sends only commands that differ, once for all features, and deletes others", () => {
    const same = { name: "ping", type: 1, description: "Answers with pong", version: "7", nsfw: false, options: [] }
    const discord = new Discord({
      commands: [same, { name: "old", type: 1, description: "Old" }, { name: "start", type: 4, description: "" }]
    })
    return Effect.gen(function*() {
      const bot = yield* run(Layer.merge(Interactions.layer(ping), Interactions.layer(slow)), discord)
      yield* bot.ready
      yield* bot.ready
      yield* bot.resumed
      assert.deepStrictEqual(counts(discord), ["GET", "POST", "DELETE"])
      assert.deepStrictEqual(discord.commands.map(({ name }) => name), ["ping", "start", "slow"])
    })
  })

  it.scoped("names a command that Discord refuses, registers the others, and tries it again", () =>
    withLog((lines) => {
      const old = [{ name: "ping", type: 1, description: "Old" }, { name: "old", type: 1, description: "Old" }]
      const discord = new Discord({ commands: old, refuses: "ping" })
      return Effect.gen(function*() {
        const bot = yield* run(Interactions.layer([ping, slow]), discord)
        yield* bot.ready
        assert.match(lines.join("\n"), /The command "ping" was not registered: .*50035/)
        assert.include(lines.join("\n"), "1 created, 0 changed, 1 deleted, 0 unchanged, 1 failed")
        // The older definition remains.
        assert.deepStrictEqual(discord.commands.map(({ name }) => name), ["ping", "slow"])
        yield* bot.resumed
        assert.deepStrictEqual(counts(discord), ["GET", "POST", "POST", "DELETE", "GET", "POST"])
      })
    }))

  it("refuses a description of a wrong length where the command is made", () => {
    const long = "a".repeat(101)
    const reply = () => Effect.void
    for (
      const make of [
        () => Command.slash("a", { description: long }, reply),
        () => Command.slash("a", { description: "" }, reply),
        () => Command.slash("a", { description: "A", localizations: { de: { description: long } } }, reply),
        () => Command.slash("a", { description: "A", options: { b: Command.user(long) } }, reply),
        () => Command.group("a", { description: "A", subcommands: { b: { description: long } } }, { b: reply })
      ]
    ) {
      assert.throws(make, /is not a description: use 1 to 100 characters, not (101|0)$/)
    }
  })

  it.scoped("sends translated names of choices", () => {
    const discord = new Discord()
    const options = {
      word: Command.string("Word", { choices: { Red: "r", Blue: "b" }, choiceLocalizations: { Red: { de: "Rot" } } })
    }
    return Effect.gen(function*() {
      const bot = yield* run(
        Interactions.layer(Command.slash("say", { description: "Says", options }, () => Effect.void)),
        discord
      )
      yield* bot.ready
      assert.deepInclude(discord.commands[0]?.["options"], {
        type: 3,
        required: true,
        description: "Word",
        name: "word",
        choices: [{ name: "Red", value: "r", name_localizations: { de: "Rot" } }, { name: "Blue", value: "b" }]
      })
    })
  })

  it.scoped("dies when two features have different settings", () => {
    const discord = new Discord()
    const guild = Interactions.layerSettings({ guild: "290926798626357250" })
    const build = (features: Parameters<typeof run<never>>[0]) => Effect.exit(run(features, discord))
    return Effect.gen(function*() {
      const exit = yield* build(
        Layer.merge(Interactions.layer(ping), Interactions.layer(slow).pipe(Layer.provide(guild)))
      )
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "to the merge of all features")
      const same = Layer.merge(Interactions.layer(ping), Interactions.layer(slow)).pipe(Layer.provide(guild))
      assert.isTrue(Exit.isSuccess(yield* build(same)))
    })
  })

  it.scoped("sends nothing when nothing has changed", () => {
    const discord = new Discord()
    const localized = Command.slash("greet", {
      description: "Greets",
      localizations: { de: { name: "gruss", description: "Grüßt" } },
      defaultMemberPermissions: ["BanMembers"],
      options: {
        whom: Command.optional(Command.user("Whom")),
        word: Command.string("Word", { choices: { Hi: "hi" }, minLength: 1 })
      }
    }, ({ reply }) => reply("hello"))
    return Effect.gen(function*() {
      for (let process = 0; process < 2; process++) {
        yield* Effect.scoped(Effect.flatMap(run(Interactions.layer(localized), discord), (bot) => bot.resumed))
      }
      assert.deepStrictEqual(counts(discord), ["GET", "POST", "GET"])
      const [command] = discord.commands
      assert.deepStrictEqual(command?.["name_localizations"], { de: "gruss" })
      // Required options precede others.
      assert.deepStrictEqual((command?.["options"] as ReadonlyArray<{ name: string }>).map(({ name }) => name), [
        "word",
        "whom"
      ])
    })
  })

  it.scoped("is for one guild in development", () => {
    const discord = new Discord()
    return Effect.gen(function*() {
      const bot = yield* run(
        Interactions.layer(ping).pipe(Layer.provide(Interactions.layerSettings({ guild: "290926798626357250" }))),
        discord
      )
      yield* bot.ready
      assert.include(discord.sent.at(-1)?.path, "/guilds/290926798626357250/commands")
    })
  })
})
