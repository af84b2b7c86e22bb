import { assert, describe, it } from "@effect/vitest"
import * as LogEntry from "@vesper/testing/LogEntry"
import { stripVTControlCharacters } from "node:util"
import * as Board from "../../src/simulator/board.js"
import { toJson, toLine } from "../../src/simulator/entryText.js"
import * as View from "../../src/simulator/view.js"
import { Rates } from "../../src/tui/index.js"
import * as Controls from "../../src/tui/controls.js"
import * as Screen from "../../src/tui/screen.js"
import { measureWidth } from "../../src/tui/text.js"

const common = { at: 0, connection: 1, shard: 0 }

const opened = LogEntry.Opened({ ...common, shard: undefined, url: "ws://host/?v=10&compress=zlib-stream" })
const identified = LogEntry.Identified({ ...common, session: "0001", intents: 513 })
const violation = LogEntry.Violation({ ...common, rule: "IdentifyRate", detail: "too soon" })
const event = LogEntry.Sent({ ...common, op: 0, t: "READY", s: 1 })
const beat = LogEntry.Received({ ...common, at: 2_000, op: 1, d: 4, bytes: 16 })

const boardOf = (...entries: ReadonlyArray<LogEntry.LogEntry>) => Board.add(Board.make(0), entries)

const session = { id: "0001", shard: 0, total: 2, sequence: 1, isConnected: true }

type Over = Partial<Parameters<typeof View.snapshot>[0] & Screen.Screen>

const draw = (board: Board.GatewayBoard, over: Over = {}) => {
  const { columns = 110, controls = Controls.initial, hasColours = false, rows = 24, ...look } = over
  const snapshot = View.snapshot({ title: "the title", board, sessions: [session], at: 5_000, ...look })
  return Screen.screen(View.toMoment(snapshot, Board.searched(board)).display, { columns, controls, hasColours, rows })
}

describe("the board of a simulator", () => {
  it("counts, and keeps events and heartbeats out of the log", () => {
    const board = boardOf(opened, identified, event, event, beat, violation)
    assert.deepStrictEqual(board.counts, {
      opened: 1,
      refused: 0,
      identified: 1,
      resumed: 0,
      events: 2,
      received: 1,
      violated: 1
    })
    assert.deepStrictEqual(board.violations, [toLine(violation)])
    assert.deepStrictEqual(board.log, [opened, identified, violation].map(toLine))
  })

  it("forgets a connection that is closed", () => {
    const closed = LogEntry.Closed({ ...common, by: "network", code: undefined, reason: "" })
    assert.match(draw(boardOf(opened, identified)), /\[0\/2\] +● connected +c1/)
    const board = boardOf(opened, identified, closed)
    assert.match(
      draw(board, { sessions: [{ ...session, isConnected: false }] }),
      /\[0\/2\] +○ waiting for a resume +- /
    )
  })

  it("measures the rate once a second, by the time that has passed", () => {
    const board = boardOf(opened, event, event)
    const rate = (now: number) => Rates.get(Board.sample(board, now).rates.perSecond, "events")
    assert.deepStrictEqual([rate(999), rate(2_000)], [0, 1])
  })
})

describe("the screen of a simulator", () => {
  const board = boardOf(opened, identified, event, beat, violation, ...Array.from({ length: 60 }, () => identified))

  it("leaves columns out where there is no room, and cuts none", () => {
    const header = (columns: number) =>
      /^SHARD.*$/m.exec(stripVTControlCharacters(draw(board, { columns })))?.[0].trimEnd()
    assert.match(header(110) ?? "", /SEQUENCE +COMPRESSION$/)
    assert.match(header(100) ?? "", /HEARTBEAT +SEQUENCE$/)
    assert.strictEqual(header(50), "SHARD    STATUS                  CONNECTION")
  })

  it("shows sessions, violations and the log", () => {
    const screen = draw(board)
    assert.match(screen, /1 violation, 1 connection, 1 session, 0\.0 events\/s, 1 event sent/)
    assert.match(screen, /\[0\/2\] +● connected +c1 +5s +1 +1 +3s ago +1 +zlib-stream/)
    assert.match(screen, /VIOLATIONS[^]*IdentifyRate: too soon[^]*LOG[^]*identified +session 1, intents 513/)
  })

  it("filters the log, over events and heartbeats too, and by shard", () => {
    const other = LogEntry.Sent({ ...common, shard: 12, op: 0, t: "MESSAGE_CREATE", s: 2 })
    const later = Board.add(board, [other])
    // From the heading of the log to the keys.
    const log = (filter: string) => {
      const screen = stripVTControlCharacters(draw(later, { controls: { ...Controls.initial, filter } }))
      return screen.split(/LOG.*\r\n/)[1]?.split("\r\n").slice(0, -1)
        .map((line) => line.replace(/^[\d:]+ /, "").trim()).filter((line) => line !== "")
    }
    assert.deepStrictEqual(log("message_create"), ["c1 #12 sent MESSAGE_CREATE (2)"])
    assert.deepStrictEqual(log("#12"), ["c1 #12 sent MESSAGE_CREATE (2)"])
    assert.deepStrictEqual(log("#12 ready"), [])
    assert.deepStrictEqual(log("#0 heartbeat"), ["c1 #0 received Heartbeat, 16 bytes: 4"])
    assert.deepStrictEqual(log("#1"), [])
    // Older than all recent entries, but notable.
    const busy = Board.add(later, Array.from({ length: 600 }, () => event))
    assert.match(draw(busy, { controls: { ...Controls.initial, filter: "opened" } }), /LOG[^]*opened/)
    assert.match(draw(later), /p pauses {3}\/ filters {3}\? help {3}q quits/)
  })

  it("shows a connection that has not identified", () => {
    assert.match(draw(boardOf(opened), { sessions: [] }), /- +◌ not identified +c1/)
  })

  it("takes no more lines and columns than there are", () => {
    const sessions = Array.from({ length: 30 }, (_, shard) => ({ ...session, id: String(shard), shard }))
    for (const size of [{ columns: 110, rows: 24 }, { columns: 40, rows: 10 }, { columns: 5, rows: 3 }]) {
      const lines = stripVTControlCharacters(draw(board, { ...size, sessions })).split("\r\n")
      assert.isAtMost(lines.length, size.rows)
      lines.forEach((line) => assert.isAtMost(measureWidth(line), size.columns))
    }
  })

  it("has colours only if it may", () => {
    assert.match(draw(board, { hasColours: true }), /\u001b\[0;32m/)
    assert.notMatch(draw(board), /\u001b\[0;[\d;]*m/)
  })
})

describe("lines of a simulator", () => {
  it("are plain or JSON, and cannot steer the terminal", () => {
    const evil = LogEntry.Violation({ ...common, rule: "x", detail: "a\u001b[2Jb" })
    assert.match(Screen.plainLine(toLine(evil)), /^\d\d:\d\d:\d\d c1 #0 VIOLATION {2}x: a \[2Jb$/)
    assert.deepStrictEqual(JSON.parse(toJson(evil)), {
      kind: "Violation",
      ...common,
      rule: "x",
      detail: "a\u001b[2Jb"
    })
  })

  it("say in the end what it came to", () => {
    assert.strictEqual(
      View.summary(boardOf(opened, identified, event, beat, violation).counts),
      "1 connection, 1 identified, 0 resumed, 1 event sent, 1 payload received, 1 violation"
    )
  })
})
