import { assert, describe, it } from "@effect/vitest"
import { Builder, Expect, type GatewaySimulator } from "@vesper/testing"
import { Effect } from "effect"
import * as AutoThreads from "../src/AutoThreads.js"
import { channel, guildId, member, other, plainChannel, run, say } from "./community.js"

const createMessage = "POST /channels/:channel/messages"
const updateChannel = "PATCH /channels/:channel"

/** Opens a thread, and returns its id. */
const open = (simulator: GatewaySimulator.GatewaySimulator) =>
  Effect.gen(function*() {
    yield* simulator.dispatch(say({ content: "How do layers work?\nI have two." }))
    const { path } = yield* Expect.request(simulator, createMessage)
    return path.split("/")[2] ?? ""
  })

const by = (user: string, thread: string) => ({
  guild_id: guildId,
  channel_id: thread,
  channel: { id: thread },
  member: { user: { id: user }, permissions: "0" }
})

describe("AutoThreads", () => {
  it.scoped("opens a thread with buttons for a message", () =>
    run("Questions [threads]", AutoThreads.layer, (simulator) =>
      Effect.gen(function*() {
        yield* open(simulator)
        const { body, path } = yield* Expect.request(simulator, "POST /channels/:channel/messages/:message/threads")
        assert.include(path, channel)
        assert.deepInclude(body, { name: "How do layers work?" })
        const { body: message } = yield* Expect.request(simulator, createMessage)
        assert.deepNestedInclude(message, { "components[0].components[0].custom_id": `rename:${member}` })
      })))

  it.scoped("leaves other channels and bots alone", () =>
    run("Questions [threads]", AutoThreads.layer, (simulator) =>
      Effect.gen(function*() {
        yield* simulator.dispatch(say({ content: "elsewhere", channel_id: plainChannel }))
        yield* simulator.dispatch(
          say({ id: "1300000000000000001", content: "a bot", author: { id: other, bot: true } })
        )
        yield* simulator.dispatch(say({ id: "1300000000000000002", content: "a question" }))
        const { body } = yield* Expect.request(simulator, "POST /channels/:channel/messages/:message/threads")
        assert.deepInclude(body, { name: "a question" })
      })))

  it.scoped("renames the thread with a form", () =>
    run("[threads]", AutoThreads.layer, (simulator) =>
      Effect.gen(function*() {
        const thread = yield* open(simulator)
        const form = yield* simulator.interact(Builder.button(`rename:${member}`, undefined, by(member, thread)))
        assert.deepInclude(form.data, { title: "Rename the thread", custom_id: "rename-thread" })
        const submitted = Builder.modal("rename-thread", { title: "Layers" }, by(member, thread))
        const reply = yield* Expect.reply(simulator, submitted, "The thread is now called Layers.")
        assert.isTrue(reply.isEphemeral)
        const { body } = yield* Expect.request(simulator, updateChannel)
        assert.deepStrictEqual(body, { name: "Layers" })
      })))

  it.scoped("archives the thread for its author only", () =>
    run("[threads]", AutoThreads.layer, (simulator) =>
      Effect.gen(function*() {
        const thread = yield* open(simulator)
        yield* Expect.reply(
          simulator,
          Builder.button(`archive:${member}`, undefined, by(other, thread)),
          "Only the author of the message can change this thread."
        )
        yield* Expect.reply(
          simulator,
          Builder.button(`archive:${member}`, undefined, by(member, thread)),
          "The thread is archived."
        )
        const { body } = yield* Expect.request(simulator, updateChannel)
        assert.deepStrictEqual(body, { archived: true })
      })))

  it("makes titles of at most 100 characters", () => {
    assert.strictEqual(AutoThreads.makeTitle("  ", "ada"), "ada's thread")
    assert.strictEqual(AutoThreads.makeTitle("one\ntwo", "ada"), "one")
    assert.lengthOf(AutoThreads.makeTitle("x".repeat(300), "ada"), 100)
  })
})
