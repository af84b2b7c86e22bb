import { assert, describe, it } from "@effect/vitest"
import { Expect, LogEntry } from "@vesper/testing"
import { Cron, Effect, TestClock } from "effect"
import * as Reminders from "../src/Reminders.js"
import { channel, guildId, run } from "./community.js"

const createMessage = "POST /channels/:channel/messages"

describe("Reminders", () => {
  it.scoped("sends a message with a thread at the times of the topic", () =>
    run("Talk [reminder:*/10 * * * *:Drink water]", Reminders.layer, (simulator) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("10 minutes")
        const { body, path } = yield* Expect.request(simulator, createMessage)
        assert.include(path, channel)
        assert.deepInclude(body, { content: "Drink water" })
        const thread = yield* Expect.request(simulator, "POST /channels/:channel/messages/:message/threads")
        assert.deepStrictEqual(thread.body, { name: "1970-01-01 Drink water" })
      })))

  it.scoped("follows changes of the topic", () =>
    run("[reminder:*/10 * * * *:Drink water]", Reminders.layer, (simulator) =>
      Effect.gen(function*() {
        yield* simulator.send("CHANNEL_UPDATE", { id: channel, guild_id: guildId, type: 0, topic: "nothing" })
        yield* TestClock.adjust("20 minutes")
        const requests = (yield* simulator.log).filter(LogEntry.is("Requested"))
        assert.isEmpty(requests.filter(({ route }) => route === createMessage))
      })))

  it("reads the reminders of a topic", () => {
    const [invalid, valid] = Reminders.parseTopic("[reminder:0 9 * * 1:Meeting] and [reminder:never:Nothing]")
    assert.deepStrictEqual(invalid, ["never"])
    assert.deepStrictEqual(valid.map(({ text }) => text), ["Meeting"])
    assert.deepStrictEqual(valid.map(({ cron }) => cron), [Cron.unsafeParse("0 9 * * 1")])
  })
})
