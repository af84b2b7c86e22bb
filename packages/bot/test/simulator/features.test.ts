/** A bot of several features, from the registration of its commands to the last of its answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Command from "@vesper/bot/Command"
import * as Interactions from "@vesper/bot/Interactions"
import * as Builder from "@vesper/testing/Builder"
import * as Expect from "@vesper/testing/Expect"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Club from "./club.js"
import { advance, layer, requests, simulator, startSettled, violations, withLog, world } from "./harness.js"

const [guild] = world.guilds
const [ada] = guild?.members ?? []

const club = Effect.zipRight(startSettled(Club.layer), simulator)

/** The command of another feature, with another description. */
const changed = Command.slash("poll", { description: "Asks all members" }, ({ reply }) => reply("asked"))

const messageOf = ({ message }: { readonly message: Option.Option<object> }) => Option.getOrUndefined(message)

/** A member with all permissions, or with none. */
const withPermissions = (permissions: string) => ({ member: { permissions } })

describe("a bot of several features", () => {
  it.scoped("answers a command, with the objects of its options", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      yield* Expect.reply(
        simulator,
        Builder.command("book", { title: "Em", reader: ada?.user.id ?? "" }),
        `Emma is lent to ${ada?.user.username}, a member.`
      )
      const reply = yield* simulator.interact(Builder.command("book", { title: "X" }))
      assert.strictEqual(reply.content, "There is no such book.")
      assert.isFalse(reply.isDeferred)
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer())))

  it.scoped("suggests values of a service", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      yield* Expect.reply(simulator, Builder.autocomplete("book", { title: "Du" }), {
        choices: [{ name: "Dune", value: "Dune" }, { name: "Dubliners", value: "Dubliners" }]
      })
    }).pipe(Effect.provide(layer())))

  it.scoped("updates the message of a button, whose parameters it reads", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const asked = yield* simulator.interact(Builder.command("poll"))
      const once = yield* simulator.interact(Builder.button("vote:yes:0", messageOf(asked)))
      const twice = yield* Expect.reply(simulator, Builder.button("vote:no:1", messageOf(once)), "no 2")
      assert.strictEqual(twice.type, 7)
      assert.strictEqual(Option.getOrThrow(twice.message).id, Option.getOrThrow(asked.message).id)
    }).pipe(Effect.provide(layer())))

  it.scoped("reads the values of menus", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const menus = messageOf(yield* simulator.interact(Builder.command("choose")))
      const who = yield* simulator.interact(Builder.select("member", [ada?.user.id ?? ""], menus, { type: 5 }))
      assert.deepStrictEqual([who.content, who.isEphemeral], [`<@${ada?.user.id}>`, true])
      yield* Expect.reply(simulator, Builder.select("colour", ["red"], menus), "red")
    }).pipe(Effect.provide(layer())))

  it.scoped("opens a modal from a subcommand and from a button, and reads it", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      yield* Expect.reply(simulator, Builder.command("mail form"), { custom_id: "letter:all", title: "Another title" })
      const box = messageOf(yield* simulator.interact(Builder.command("mail box open", { to: "ada" })))
      yield* Expect.reply(simulator, Builder.button("write:ada", box), { custom_id: "letter:ada", title: "A letter" })
      const reply = yield* simulator.interact(Builder.modal("letter:ada", { subject: "Hello" }))
      assert.deepStrictEqual([reply.content, reply.isEphemeral], ["To ada: Hello", true])
    }).pipe(Effect.provide(layer())))

  it.scoped("defers a slow command in time, then replies, edits, follows up and deletes", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const fiber = yield* Effect.fork(simulator.interact(Builder.command("work", { seconds: 20 })))
      yield* advance(210)
      const reply = yield* Fiber.join(fiber)
      assert.deepStrictEqual([reply.type, reply.isDeferred, reply.isEphemeral], [5, true, false])
      const second = yield* reply.awaitFollowUp(2)
      assert.deepInclude(second.attachments[0], { filename: "log.txt", size: 3 })
      assert.deepStrictEqual((yield* reply.followUps).map(({ flags }) => Number(flags)), [64, 0])
      yield* advance(15)
      assert.isTrue(Option.isNone(yield* reply.currentMessage))
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer())))

  it.scoped("keeps a deferred reply between the user and the bot, with its file", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const fiber = yield* Effect.fork(simulator.interact(Builder.command("secret")))
      yield* advance(101)
      const reply = yield* Fiber.join(fiber)
      assert.deepStrictEqual([reply.content, reply.isDeferred, reply.isEphemeral], ["the secret", true, true])
      assert.deepInclude(Option.getOrThrow(reply.message).attachments[0], { filename: "secret.txt", size: 2 })
    }).pipe(Effect.provide(layer())))

  for (
    const [how, expected, isLogged] of [
      ["fail", "Something went wrong. The error was reported.", true],
      ["die", "Something went wrong. The error was reported.", true],
      ["reject", "Not today.", false]
    ] as const
  ) {
    it.scoped(`shows the user a message when a handler does ${how}`, () =>
      withLog((lines) =>
        Effect.gen(function*() {
          const simulator = yield* club
          const reply = yield* simulator.interact(Builder.command("fail", { how }))
          assert.deepStrictEqual([reply.content, reply.isEphemeral], [expected, true])
          assert.strictEqual(lines.some((line) => line.includes("The handler of the command fail failed")), isLogged)
        }).pipe(Effect.provide(layer()))
      ))
  }

  it.scoped("follows up when a handler fails after its reply", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const reply = yield* Expect.reply(simulator, Builder.command("fail", { how: "late" }), "almost")
      const followUp = yield* reply.awaitFollowUp()
      assert.deepStrictEqual([followUp.content, followUp.flags], ["Something went wrong. The error was reported.", 64])
    }).pipe(Effect.provide(layer())))

  it.scoped("checks the member, the place and the time", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      const purge = (fields: Parameters<typeof Builder.command>[2]) =>
        Effect.map(simulator.interact(Builder.command("purge", {}, fields)), ({ content }) => content)
      assert.strictEqual(yield* purge(withPermissions("0")), "You need the permission ManageMessages for this.")
      assert.strictEqual(yield* purge(withPermissions("8")), "Deleted.")
      assert.strictEqual(yield* purge(withPermissions("8")), "Try again in 10 seconds.")
      yield* advance(1, 10_000)
      assert.strictEqual(yield* purge(withPermissions(String(1 << 13))), "Deleted.")
      assert.strictEqual(yield* purge({ guild_id: undefined }), "This works only in a server.")
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer())))

  it.scoped("acts on the target of a menu", () =>
    Effect.gen(function*() {
      const simulator = yield* club
      yield* Expect.reply(simulator, Builder.userCommand("Wave", ada?.user.id ?? ""), `waves at ${ada?.user.username}`)
    }).pipe(Effect.provide(layer())))

  it.scoped("registers the commands of all features once, and what differs after a restart", () =>
    Effect.gen(function*() {
      const path = "/applications/:application/commands"
      const lines = Effect.map(
        requests,
        (all) => all.filter(({ route }) => route.includes(path)).map(({ route, status }) => `${route} ${status}`)
      )
      const first = yield* startSettled(Club.layer)
      assert.deepStrictEqual(yield* lines, [`GET ${path} 200`, ...Array(10).fill(`POST ${path} 201`)])
      // The limits of an identify and of this route are a bucket of five seconds.
      yield* Effect.zipRight(first.stop, advance(1, 5_000))
      const second = yield* startSettled(Club.layer)
      assert.deepStrictEqual((yield* lines).slice(11), [`GET ${path} 200`])
      yield* Effect.zipRight(second.stop, advance(1, 5_000))
      yield* startSettled(Layer.mergeAll(Club.Books, Club.Letters, Interactions.layer(changed)))
      assert.deepStrictEqual((yield* lines).slice(12), [
        `GET ${path} 200`,
        `POST ${path} 201`,
        ...Array(7).fill(`DELETE ${path}/:command 204`)
      ])
      assert.deepStrictEqual(yield* violations, [])
    }).pipe(Effect.provide(layer())))
})
