import { assert, describe, it } from "@effect/vitest"
import { Expect, LogEntry } from "@vesper/testing"
import { Effect } from "effect"
import * as Honeypot from "../src/Honeypot.js"
import { guildId, member, other, plainChannel, run, say } from "./community.js"

const ban = "PUT /guilds/:guild/bans/:user"

describe("Honeypot", () => {
  it.scoped("bans the author of a message in its channel, and no other one", () =>
    run("Do not write here [honeypot]", Honeypot.layer, (simulator) =>
      Effect.gen(function*() {
        yield* simulator.dispatch(say({ author: { id: other }, channel_id: plainChannel }))
        yield* simulator.dispatch(say({ id: "1300000000000000001" }))
        const { body, path } = yield* Expect.request(simulator, ban)
        assert.strictEqual(path, `/guilds/${guildId}/bans/${member}`)
        assert.deepStrictEqual(body, { delete_message_seconds: 432_000 })
        const requests = (yield* simulator.log).filter(LogEntry.is("Requested"))
        assert.lengthOf(requests.filter(({ route }) => route === ban), 1)
      })))
})
