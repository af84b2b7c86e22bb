import { assert, describe, it } from "@effect/vitest"
import * as Latency from "@vesper/gateway/Latency"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Dispatch from "@vesper/model/Dispatch"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import * as Board from "../src/Board.js"
import { describe as describeEvent } from "../src/internal/describe.js"
import { clean, fit, pad, widthOf } from "../src/internal/text.js"
import * as View from "../src/View.js"

const event = (t: string, s: number, d: unknown) => Dispatch.fromPayload({ op: 0, t, s, d })

const boardOf = (...events: ReadonlyArray<Dispatch.Dispatch>) =>
  events.reduce(
    (board, it) => Board.addEvent(board, Board.eventEntry(it, 0, 0), it),
    Board.make(2, 0)
  )

const standing = (status: ShardStatus.ShardStatus): View.Standing => ({ id: "[0/2]", status, latency: Latency.empty })

const draw = (board: Board.Board, size: { readonly columns: number; readonly rows: number }) =>
  stripVTControlCharacters(View.screen({
    title: "the title",
    shards: [
      standing(ShardStatus.Connected()),
      standing(ShardStatus.Disconnected({ closeCode: Option.some(4009), reconnectAttempts: 3 }))
    ],
    board,
    hasColours: true,
    ...size
  })).split("\r\n")

const anyText = FastCheck.string({ unit: "binary" })

describe("text from others", () => {
  it("cannot steer the terminal", () => {
    assert.strictEqual(clean("a\u001b[2Jb\nc\u202ed\u0007\u009b1me"), "a [2Jb c d 1me")
    FastCheck.assert(FastCheck.property(anyText, (text) => {
      assert.notMatch(clean(text), /[\p{Cc}\u202a-\u202e]/u)
    }))
  })

  it("takes the columns that it was given, in any script", () => {
    assert.strictEqual(fit("はいそうです", 7), "はいそ…")
    assert.strictEqual(pad("ça", 4), "ça  ")
    FastCheck.assert(FastCheck.property(anyText.map(clean), FastCheck.nat(30), (text, columns) => {
      assert.isAtMost(widthOf(fit(text, columns)), columns)
      assert.strictEqual(widthOf(pad(text, columns)), columns)
    }))
  })
})

describe("the screen", () => {
  it("shows every shard and the newest events, on no more lines and columns than there are", () => {
    const board = boardOf(
      event("READY", 1, { session_id: "abc", user: { username: "vesper" } }),
      ...Array.from(
        { length: 40 },
        (_, i) => event("MESSAGE_CREATE", i + 2, { content: `${i} そうです`.repeat(30), author: { username: "ada" } })
      )
    )
    for (const size of [{ columns: 100, rows: 24 }, { columns: 40, rows: 10 }, { columns: 5, rows: 3 }]) {
      const lines = draw(board, size)
      assert.isAtMost(lines.length, Math.max(size.rows, 6))
      lines.forEach((line) => assert.isAtMost(widthOf(line), size.columns))
    }
    const lines = draw(board, { columns: 100, rows: 24 })
    assert.match(lines[3] ?? "", /^\[0\/2\] +connected +0\.0 +- +41 +0 +1 +0/)
    assert.match(lines[4] ?? "", /disconnected \(4009\), a/)
    assert.match(lines.at(-1) ?? "", /MESSAGE_CREATE +ada: 39 そ/)
  })
})

describe("an event in a few words", () => {
  const told: ReadonlyArray<readonly [t: string, d: unknown, text: string]> = [
    ["READY", { session_id: "abc", user: { username: "vesper" } }, "vesper: session abc"],
    ["MESSAGE_CREATE", { content: "hi\u001b[31m", author: { username: "ada" } }, "ada: hi [31m"],
    ["GUILD_CREATE", { name: "The club", id: "1" }, "The club"],
    ["PRESENCE_UPDATE", { user: { id: "7" }, status: "idle" }, "7: is idle"],
    ["TYPING_START", { member: { user: { username: "bo" } } }, "bo"],
    ["MESSAGE_DELETE", { id: "12" }, "12"],
    ["SOMETHING_NEW", null, ""],
    ["MESSAGE_CREATE", { content: 5, author: null }, ""]
  ]
  for (const [t, d, text] of told) {
    it(`is "${clean(text)}" for ${t} ${JSON.stringify(d)}`, () => {
      assert.strictEqual(describeEvent(event(t, 1, d)), text)
    })
  }
})

describe("other views", () => {
  it("JSON is one line under the name of the wire", () => {
    const line = View.json(event("SOMETHING_NEW", 3, { a: "x\ny" }), 1)
    assert.notInclude(line, "\n")
    assert.deepStrictEqual(JSON.parse(line), { shard: 1, t: "SOMETHING_NEW", s: 3, d: { a: "x\ny" } })
  })

  it("plain is one line with shard and name", () => {
    const it = event("GUILD_CREATE", 3, { name: "The club" })
    assert.match(View.plain(Board.eventEntry(it, 1, 0)), /^\d\d:\d\d:\d\d #1 {4}GUILD_CREATE {2}The club$/)
  })

  it("the summary counts what stayed away as lost", () => {
    const board = boardOf(event("READY", 1, {}), event("A", 3, {}))
    assert.strictEqual(
      View.summary(board, { missing: 2, kept: 1 }),
      "2 events, 1 sessions begun, 0 resumed, 3 events lost, 1 of 2 sessions kept for a later resume"
    )
  })
})
