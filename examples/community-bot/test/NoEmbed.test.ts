import { assert, describe, it } from "@effect/vitest"
import { Builder, Expect } from "@vesper/testing"
import { Effect } from "effect"
import * as NoEmbed from "../src/NoEmbed.js"
import { channel, guildId, member, plainChannel, run, say } from "./community.js"

const editMessage = "PATCH /channels/:channel/messages/:message"
const url = "https://effect.website/docs"
const embeds = [{ type: "link" as never, url, title: "Effect" }]
const content = `see ${url}`

const sites = { hidden: ["effect.website"], shown: ["effect.website/play"] }

describe("NoEmbed", () => {
  it.scoped("suppresses the embed that Discord adds to a message", () =>
    run("[noembed]", NoEmbed.layer, (simulator) =>
      Effect.gen(function*() {
        const message = say({ content })
        yield* simulator.dispatch(message)
        yield* simulator.dispatch(Builder.event("MESSAGE_UPDATE", {
          id: message.d.id,
          channel_id: channel,
          guild_id: guildId,
          author: { id: member },
          content,
          embeds,
          flags: 0 as never
        }))
        const { body, path } = yield* Expect.request(simulator, editMessage)
        assert.strictEqual(path, `/channels/${channel}/messages/${message.d.id}`)
        assert.deepStrictEqual(body, { flags: 4 })
      })))

  it.scoped("leaves other channels alone", () =>
    run("[noembed]", NoEmbed.layer, (simulator) =>
      Effect.gen(function*() {
        yield* simulator.dispatch(say({ content, embeds, flags: 0 as never, channel_id: plainChannel }))
        yield* simulator.dispatch(say({ id: "1300000000000000001", content, embeds, flags: 0 as never }))
        const { path } = yield* Expect.request(simulator, editMessage)
        assert.include(path, channel)
      })))

  it("knows the links to hide", () => {
    const message = { id: "1", channel_id: "2", content, embeds }
    assert.isTrue(NoEmbed.isHidden(message, sites))
    assert.isFalse(NoEmbed.isHidden({ ...message, embeds: [] }, sites))
    assert.isFalse(NoEmbed.isHidden({ ...message, content: "no link" }, sites))
    assert.isFalse(NoEmbed.isHidden({ ...message, embeds: [{ url, type: "gifv" }] }, sites))
    const shown = "https://effect.website/play"
    assert.isFalse(NoEmbed.isHidden({ ...message, content: shown, embeds: [{ url: shown }] }, sites))
  })
})
