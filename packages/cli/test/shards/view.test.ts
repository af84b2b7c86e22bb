import { assert, describe, it } from "@effect/vitest"
import type * as ClusterStatus from "@vesper/cluster/ClusterStatus"
import * as Latency from "@vesper/gateway/Latency"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import * as Board from "../../src/shards/board.js"
import { describe as describeEvent } from "../../src/shards/eventText.js"
import * as Snapshot from "../../src/shards/snapshot.js"
import { describeStage } from "../../src/shards/statusText.js"
import * as View from "../../src/shards/view.js"
import * as Controls from "../../src/tui/controls.js"
import * as Screen from "../../src/tui/screen.js"
import { clean, fit, measureWidth, pad } from "../../src/tui/text.js"

const event = (t: string, s: number, d: unknown) => Dispatch.fromPayload({ op: 0, t, s, d })

const first = ShardId.unsafeMake(0, 2)

const boardOf = (...events: ReadonlyArray<Dispatch.Dispatch>) =>
  events.reduce(
    (board, it) => Board.addEvent(board, Board.eventLine(it, first, 0), it, first),
    Board.make(ShardId.all(2), 0)
  )

const shard = (id: number, status: ShardStatus.ShardStatus, total = 2): Snapshot.ShardState => ({
  id: ShardId.unsafeMake(id, total),
  status,
  latency: Latency.empty,
  buffered: id
})

type Over = Partial<Snapshot.Look & Screen.Screen>

const drawn = (board: Board.ShardBoard, over: Over = {}) => {
  const { columns = 110, controls = Controls.initial, hasColours = true, rows = 35, ...look } = over
  const snapshot = Snapshot.make({
    title: "the title",
    at: 0,
    shards: [
      shard(0, ShardStatus.Connected()),
      shard(1, ShardStatus.Disconnected({ closeCode: Option.some(4009), reconnectAttempts: 3 }))
    ],
    budget: Option.some({ remaining: 990, total: 1_000 }),
    resharding: Option.none(),
    cluster: Option.none(),
    board,
    ...look
  })
  return Screen.screen(View.toMoment(snapshot, board.log).display, { columns, controls, hasColours, rows })
}

const draw = (board: Board.ShardBoard, over: Over = {}) => stripVTControlCharacters(drawn(board, over)).split("\r\n")

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
      assert.isAtMost(measureWidth(fit(text, columns)), columns)
      assert.strictEqual(measureWidth(pad(text, columns)), columns)
    }))
  })
})

const messages = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => event("MESSAGE_CREATE", i + 2, { content: `${i} そうです`.repeat(30), author: { username: "ada" } })
  )

describe("the screen", () => {
  const board = boardOf(event("READY", 1, { session_id: "abc", user: { username: "vesper" } }), ...messages(40))

  it("shows every shard and the newest events, on no more lines and columns than there are", () => {
    for (const size of [{ columns: 110, rows: 30 }, { columns: 40, rows: 10 }, { columns: 5, rows: 3 }]) {
      for (const count of [2, 700]) {
        const shards = Array.from({ length: count }, (_, id) => shard(id, ShardStatus.Connected(), count))
        const lines = draw(Board.sample(board, 2_000), { ...size, shards })
        assert.strictEqual(lines.length, size.rows)
        lines.forEach((line) => assert.isAtMost(measureWidth(line), size.columns))
      }
    }
    const lines = draw(board)
    assert.match(
      lines[1] ?? "",
      /^1 of 2 connected, 0\.0 events\/s, 41 events, 1 buffered, 990 of 1000 identifies left, 0 lost/
    )
    assert.match(lines[2] ?? "", /^● 0 ○ 1/)
    assert.match(lines[5] ?? "", /^\[0\/2\] +● connected +0\.0 +- +0 +41 +0 +1 +0/)
    assert.match(lines[6] ?? "", /○ disconnected \(4009\),… /)
    assert.include(lines.join("\n"), "MESSAGE_CREATE ada: 39 そ")
    assert.match(lines.at(-1) ?? "", /^p pauses +\/ filters +\? help +q quits/)
  })

  it("tells how many events of each type come in", () => {
    const lines = draw(Board.sample(board, 2_000)).join("\n")
    assert.match(lines, /TYPE +EVENTS\/S *\nMESSAGE_CREATE +20\.0 +█{40}\nREADY +0\.5 +█\n/)
  })

  it("lists those with trouble first if there are too many shards, and shows all in the row of symbols", () => {
    const shards = Array.from(
      { length: 200 },
      (_, id) => shard(id, id === 150 ? ShardStatus.Connecting() : ShardStatus.Connected(), 200)
    )
    const lines = draw(Board.make(ShardId.all(200), 0), { shards })
    const [, listed = ""] = /LOST *\n([^]*)\n\+(\d+) more/.exec(lines.join("\n")) ?? []
    const rows = listed.split("\n")
    assert.match(rows[0] ?? "", /^\[150\/200\] +◌ connecting/)
    assert.include(lines.join("\n"), `+${200 - rows.length} more`)
    assert.strictEqual(lines.join("").match(/●/g)?.length, 199 + rows.length - 1)
  })

  it("leaves columns out where there is no room, and cuts none", () => {
    const header = (columns: number) => draw(board, { columns }).find((text) => text.startsWith("SHARD"))?.trimEnd()
    assert.match(header(110) ?? "", /SESSIONS +LOST$/)
    assert.match(header(90) ?? "", /EVENTS +LOST$/)
    assert.strictEqual(header(50), "SHARD      STATUS                    EVENTS/S")
    assert.strictEqual(header(20), "SHARD")
  })

  it("tells how far a resharding is", () => {
    const stage = describeStage({ _tag: "HandOver", remaining: 12 })
    assert.match(
      draw(board, { resharding: Option.some(stage) })[2] ?? "",
      /^resharding: 12 guilds to hand over$/
    )
  })

  it("shows the runners of a cluster with their shards by status, and the shards that move", () => {
    const place = (id: number, runner: Option.Option<string>, status: Option.Option<"Connected" | "Resuming">) => ({
      id: ShardId.unsafeMake(id, 4),
      runner,
      status,
      ping: Option.none()
    })
    const cluster: ClusterStatus.ClusterStatus = {
      total: 4,
      runners: [
        { id: "a", name: "10.0.0.7:34431", isDraining: false, shards: [0, 1] },
        { id: "b", name: "10.0.0.8:34431", isDraining: true, shards: [3] }
      ],
      shards: [
        place(0, Option.some("a"), Option.some("Connected")),
        place(1, Option.some("a"), Option.some("Resuming")),
        place(2, Option.none(), Option.none()),
        place(3, Option.some("b"), Option.none())
      ],
      identifies: Option.none(),
      resharding: Option.none()
    }
    const lines = draw(board, { cluster: Option.some(cluster) })
    const start = lines.findIndex((line) => line.startsWith("RUNNER "))
    assert.deepStrictEqual(lines.slice(start + 1, start + 4).map((text) => text.trimEnd()), [
      "none            moving    1       2",
      "10.0.0.7:34431  up        2       ●◑ 0-1",
      "10.0.0.8:34431  draining  1       ◌ 3"
    ])
    for (const size of [{ columns: 40, rows: 12 }, { columns: 5, rows: 3 }]) {
      const small = draw(board, { ...size, cluster: Option.some(cluster) })
      assert.strictEqual(small.length, size.rows)
      small.forEach((line) => assert.isAtMost(measureWidth(line), size.columns))
    }
  })

  it("keeps what is filtered out off the log", () => {
    const two = boardOf(event("READY", 1, { session_id: "abc" }), event("MESSAGE_CREATE", 2, { content: "hi" }))
    const later = Board.addNotice(two, {
      at: 5_000,
      shard: undefined,
      origin: "",
      title: "INFO",
      text: "hi again",
      tone: "busy"
    })
    const log = (controls: Controls.Controls) => draw(later, { controls }).join("\n").replace(/[^]*\nLOG.*\n/, "")
    assert.match(log(Controls.initial), /READY[^]*MESSAGE_CREATE[^]*hi again/)
    assert.notMatch(log({ ...Controls.initial, filter: "HI" }), /READY/)
    assert.match(log({ ...Controls.initial, filter: "HI" }), /MESSAGE_CREATE[^]*hi again/)
  })

  it("keeps incidents in a panel of their own, and shows the keys on request", () => {
    const lost = {
      at: 0,
      shard: 1,
      origin: "#1",
      title: "INFO",
      text: "the connection was lost",
      tone: "busy" as const
    }
    const lines = draw(
      messages(300).reduce(
        (board, it) => Board.addEvent(board, Board.eventLine(it, first, 0), it, first),
        Board.addNotice(board, lost)
      )
    )
    assert.match(lines.join("\n"), /INCIDENTS\n[\d:]+ #1 +INFO the connection was lost\n/)
    const filtered = draw(Board.addNotice(board, lost), { controls: { ...Controls.initial, filter: "#1 lost" } })
    assert.match(filtered.join("\n"), /LOG, incidents and the last \d+ lines\n.*the connection was lost/)
    const help = draw(board, { controls: { ...Controls.initial, isHelpShown: true } }).join("\n")
    assert.match(help, /\/ +filters the log[^]*q +quits/)
  })

  it("shows incidents and the whole help at 40 columns and 15 rows", () => {
    const lost = { at: 0, shard: 1, origin: "#1", title: "INFO", text: "it was lost", tone: "busy" as const }
    const size = { columns: 40, rows: 15 }
    const lines = draw(Board.addNotice(board, lost), size).map((line) => line.trimEnd())
    assert.match(lines.join("\n"), /\nINCIDENTS\n#1 +INFO it was lost\n/)
    assert.strictEqual(lines.length, 15)
    const help = draw(board, { ...size, controls: { ...Controls.initial, isHelpShown: true } })
    assert.match(help.join("\n"), /\/ +filters the log: typing, #3 for *\n +a shard[^]*q +quits/)
  })

  it("counts the shards and the incidents for which it has no room", () => {
    for (const [count, rows] of [[64, 15], [64, 35], [500, 35], [14, 35], [7, 15], [13, 24]] as const) {
      const shards = Array.from({ length: count }, (_, id) => shard(id, ShardStatus.Connected(), count))
      const lines = draw(board, { columns: 40, rows, shards })
      const marks = lines.slice(0, lines.findIndex((line) => /^(INCIDENTS|SHARD|LOG)/.test(line))).join("\n")
      const [, more = "0"] = /\+(\d+) more/.exec(marks) ?? []
      assert.strictEqual(marks.split("●").length - 1 + Number(more), count, `${count} on ${rows} rows`)
    }
    const lost = (id: number) => ({
      at: 0,
      shard: 1,
      origin: "#1",
      title: "INFO",
      text: `it was lost ${id}`,
      tone: "busy" as const
    })
    const six = [1, 2, 3, 4, 5, 6].reduce((board, id) => Board.addNotice(board, lost(id)), board)
    const lines = draw(six, { columns: 40, rows: 15 }).map((line) => line.trimEnd()).join("\n")
    assert.match(lines, /\nINCIDENTS \+5 more\n#1 +INFO it was lost 6\n/)
  })

  it("scrolls the log", () => {
    const log = (scrolled: number) => draw(board, { controls: { ...Controls.initial, scrolled } }).join("\n")
    assert.include(log(0), "ada: 39 ")
    assert.notInclude(log(3), "ada: 37 ")
    assert.include(log(3), "ada: 36 ")
    assert.include(log(1_000), "READY")
  })

  it("cuts no word at 40 columns, and says at once that it starts", () => {
    const narrow = draw(board, { columns: 40, rows: 15 })
    assert.deepStrictEqual(narrow.slice(1, 4).map((line) => line.trimEnd()), [
      "1 of 2 connected, 0.0 events/s",
      "41 events, 1 buffered",
      "990 of 1000 identifies left, 0 lost"
    ])
    assert.strictEqual(fit("a connection was lost", 14), "a connection…")
    assert.strictEqual(fit("a connection was lost", 16), "a connection…")
    assert.match(draw(Board.make([], 0), { shards: [] })[1] ?? "", /starting …/)
  })

  it("has colours only if it may", () => {
    assert.match(drawn(board), /\u001b\[0;32m/)
    assert.notMatch(drawn(board, { hasColours: false }), /\u001b\[0;\d/)
  })
})

describe("an event in a few words", () => {
  const described: ReadonlyArray<readonly [t: string, d: unknown, text: string]> = [
    ["READY", { session_id: "abc", user: { username: "vesper" } }, "vesper: session abc"],
    ["MESSAGE_CREATE", { content: "hi\u001b[31m", author: { username: "ada" } }, "ada: hi [31m"],
    ["GUILD_CREATE", { name: "The club", id: "1" }, "The club"],
    ["PRESENCE_UPDATE", { user: { id: "7" }, status: "idle" }, "7: is idle"],
    ["TYPING_START", { member: { user: { username: "bo" } } }, "bo"],
    ["MESSAGE_DELETE", { id: "12" }, "12"],
    ["INTERACTION_CREATE", { id: "12", data: { name: "ping" }, member: { user: { username: "bo" } } }, "bo: ping"],
    ["INTERACTION_CREATE", { id: "12", data: { custom_id: "yes" } }, "yes"],
    ["SOMETHING_NEW", null, ""],
    ["MESSAGE_CREATE", { content: 5, author: null }, ""]
  ]
  for (const [t, d, text] of described) {
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

  it("JSON has no character that changes the state of a terminal", () => {
    const d = { content: "a\u009b31m\u007f\u2028\u202e\u2066b\u001b" }
    const line = View.json(event("MESSAGE_CREATE", 3, d), 1)
    assert.notMatch(line, /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u)
    assert.deepStrictEqual(JSON.parse(line).d, d)
  })

  it("plain is one line with shard and name", () => {
    const it = event("GUILD_CREATE", 3, { name: "The club" })
    assert.match(
      Screen.plainLine(Board.eventLine(it, ShardId.unsafeMake(1, 2), 0)),
      /^\d\d:\d\d:\d\d #1 {4}GUILD_CREATE {2}The club$/
    )
  })

  it("JSON leaves out data that is nested too deeply to be written", () => {
    const deep = Array.from({ length: 50_000 }).reduce((inner: unknown) => [inner], null)
    assert.deepInclude(JSON.parse(View.json(event("A", 3, deep), 1)), { t: "A", d: "<nested too deeply>" })
  })

  it("the summary counts missing events as lost", () => {
    const board = boardOf(event("READY", 1, {}), event("A", 3, {}))
    assert.strictEqual(
      View.summary(board, 2),
      "2 events, 1 session started, 0 resumed, 3 of 5 events lost"
    )
  })
})
