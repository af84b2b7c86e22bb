import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Diagnostic from "../../../src/Diagnostic.js"
import type { CursorOptions } from "../../../src/internal/events/log/cursor.js"
import type { LogOptions } from "../../../src/internal/events/log/eventLog.js"
import { append, control, handling, makeLog, makeSession, read } from "./fixture.js"

/** A log with one cursor. */
const open = (options: Partial<CursorOptions> = {}, logOptions: Partial<LogOptions> = {}) => {
  const made = makeLog(logOptions)
  return { ...made, session: makeSession(), cursor: made.log.open({ ...handling, ...options }) }
}

describe("a cursor", () => {
  it("holds the events that its reader wants, and no notices", () => {
    const { cursor, log, session } = open({ wanted: new Set(["TYPING_START"]) })
    append(log, session, 2)
    append(log, session, 2, "TYPING_START")
    log.notify({ _tag: "Close", frame: Option.none(), position: 0 })
    assert.strictEqual(cursor.buffered, 2)
    assert.deepStrictEqual(read(cursor), [3, 4])
  })

  it("holds notices if its reader wants them, and control payloads once they are requested", () => {
    const { cursor, log } = open({ wantsControlItems: true })
    log.notify(control("a"))
    assert.strictEqual(cursor.buffered, 0)
    cursor.wantsControls = true
    log.notify(control("b"))
    const item = cursor.next()
    assert.strictEqual(item?._tag === "Control" && item.text, "b")
    assert.isUndefined(cursor.next())
  })

  it("that suspends pauses the socket when it is full, and resumes it at half of that", () => {
    const { calls, cursor, log, session } = open()
    append(log, session, 3)
    assert.deepStrictEqual(calls, [])
    append(log, session, 2)
    assert.deepStrictEqual(calls, ["pause"])
    read(cursor, 2)
    assert.deepStrictEqual(calls, ["pause"])
    read(cursor, 1)
    assert.deepStrictEqual(calls, ["pause", "resume"])
    assert.deepStrictEqual(read(cursor), [4, 5])
  })

  it("that suspends pauses the socket for many bytes too, and resumes it at half of them", () => {
    const { calls, cursor, log, session } = open({}, { capacity: 1_000, capacityBytes: 100 })
    append(log, session, 9, "A", "0123456789")
    assert.deepStrictEqual(calls, [])
    append(log, session, 1, "A", "0123456789")
    assert.deepStrictEqual(calls, ["pause"])
    read(cursor, 4)
    assert.deepStrictEqual(calls, ["pause"])
    read(cursor, 1)
    assert.deepStrictEqual(calls, ["pause", "resume"])
  })

  it("has at most the capacity of its log", () => {
    assert.deepStrictEqual([undefined, 2, 9].map((capacity) => open({ capacity }).cursor.capacity), [4, 2, 4])
  })

  it("that drops the oldest keeps the newest, counts the others, and reports at powers of two", () => {
    const { calls, cursor, log, notices, session } = open({ strategy: "dropOldest" })
    append(log, session, 14)
    assert.strictEqual(cursor.dropped, 10)
    assert.deepStrictEqual(
      notices,
      [1, 2, 4, 8].map((total) => Diagnostic.Dropped({ eventType: "MESSAGE_CREATE", total }))
    )
    assert.deepStrictEqual(read(cursor), [11, 12, 13, 14])
    assert.deepStrictEqual(calls, [])
  })

  it("that drops the newest keeps the oldest", () => {
    const { calls, cursor, log, session } = open({ strategy: "dropNewest" })
    append(log, session, 14)
    assert.strictEqual(cursor.dropped, 10)
    assert.deepStrictEqual(read(cursor), [1, 2, 3, 4])
    assert.deepStrictEqual(calls, [])
  })

  it("that drops never holds more than capacityBytes", () => {
    for (const strategy of ["dropOldest", "dropNewest"] as const) {
      const { cursor, log, session } = open({ strategy }, { capacity: 1_000, capacityBytes: 100 })
      append(log, session, 100, "A", "0123456789")
      assert.strictEqual(cursor.buffered, 10, strategy)
    }
  })

  for (const strategy of ["dropOldest", "dropNewest"] as const) {
    it(`that drops, ${strategy}, keeps events that are not droppable, and pauses the socket for them`, () => {
      const { calls, cursor, log, session } = open({ strategy, droppable: new Set(["TYPING_START"]) })
      for (let i = 0; i < 4; i++) {
        append(log, session, 1, "TYPING_START")
        append(log, session, 1)
      }
      append(log, session, 1)
      assert.deepStrictEqual(calls, ["pause"])
      const kept = read(cursor)
      assert.includeMembers([...kept], [2, 4, 6, 8, 9])
      assert.strictEqual(kept.length + cursor.dropped, 9)
      assert.deepStrictEqual(calls, ["pause", "resume"])
    })
  }

  it("that fails ends at its capacity, and its events can be read", () => {
    const { calls, cursor, log, session } = open({ strategy: "fail" })
    let woken = 0
    cursor.listener = () => woken++
    append(log, session, 4)
    assert.isFalse(cursor.hasOverflowed)
    append(log, session, 3)
    assert.isTrue(cursor.hasOverflowed)
    assert.strictEqual(woken, 2, "at the first event and at the end")
    assert.deepStrictEqual(read(cursor), [1, 2, 3, 4])
    append(log, session, 1)
    assert.deepStrictEqual(read(cursor), [])
    assert.deepStrictEqual(calls, [])
  })

  it("calls its listener when it becomes non-empty, and not for each event", () => {
    const { cursor, log, session } = open()
    let woken = 0
    cursor.listener = () => woken++
    append(log, session, 3)
    assert.strictEqual(woken, 1)
    read(cursor)
    append(log, session, 1)
    assert.strictEqual(woken, 2)
  })

  it("reads up to the gate, makes it open, and does not count events behind it", () => {
    const { cursor, log, session } = open()
    let blocked = 0
    const [, second] = append(log, session, 2)
    log.gate.close(second?.position ?? 0, () => blocked++)
    append(log, session, 1)
    assert.strictEqual(cursor.buffered, 2)
    assert.deepStrictEqual(read(cursor), [1, 2])
    assert.deepStrictEqual([cursor.hasNext(), cursor.isDrained(), cursor.buffered, blocked], [false, false, 0, 1])
    let woken = 0
    cursor.listener = () => woken++
    log.openGateUpTo(Number.POSITIVE_INFINITY)
    assert.deepStrictEqual([cursor.hasNext(), woken], [true, 1])
    assert.deepStrictEqual(read(cursor), [3])
  })

  it("that drops does not count events behind the gate, and pauses the socket", () => {
    const { calls, cursor, log, session } = open({ strategy: "dropOldest" })
    log.gate.close(0, () => {})
    append(log, session, 5)
    assert.deepStrictEqual([cursor.dropped, calls], [0, ["pause"]])
  })

  it("counts a deferred event as waiting until it is begun", () => {
    const { calls, cursor, log, session } = open()
    const entries = append(log, session, 4)
    read(cursor)
    assert.deepStrictEqual(calls, ["pause", "resume"])
    entries.forEach((entry) => cursor.defer(entry))
    assert.deepStrictEqual([cursor.buffered, calls], [4, ["pause", "resume", "pause"]])
    entries.slice(0, 2).forEach((entry) => cursor.startDeferred(entry))
    assert.deepStrictEqual([cursor.buffered, calls], [2, ["pause", "resume", "pause", "resume"]])
    assert.strictEqual(cursor.lowestUnfinished(session), 1, "begun and not done")
  })

  it("requeues events in order and before later ones", () => {
    const { cursor, log, session } = open()
    const entries = append(log, session, 3)
    read(cursor)
    append(log, session, 1)
    entries.forEach((entry) => cursor.start(entry))
    cursor.requeue([...entries.slice(2), ...entries.slice(0, 1)])
    assert.deepStrictEqual(read(cursor), [1, 3, 4])
    assert.strictEqual(cursor.lowestUnfinished(session), 2)
  })

  it("that is closed requeues nothing and holds no session", () => {
    const { cursor, log, session } = open()
    const entries = append(log, session, 2)
    read(cursor, 1)
    entries.slice(0, 1).forEach((entry) => cursor.start(entry))
    log.close(cursor)
    cursor.requeue(entries.slice(0, 1))
    assert.deepStrictEqual(read(cursor), [])
    assert.strictEqual(cursor.lowestUnfinished(session), Number.POSITIVE_INFINITY)
  })

  it("adopts the wanted events of another cursor, in order before its own", () => {
    const { cursor, log, session } = open()
    append(log, session, 1)
    append(log, session, 1, "TYPING_START")
    const other = log.open({ ...handling, wanted: new Set(["MESSAGE_CREATE"]) })
    append(log, session, 1)
    other.adopt(cursor)
    assert.deepStrictEqual(read(other), [1, 3, 3])
    assert.isTrue(cursor.isDrained())
  })

  it("holds a session before its first event that is not finished, of that session and not of another", () => {
    const { cursor, log, session } = open()
    const replaced = makeSession()
    append(log, replaced, 3)
    const entries = append(log, session, 3)
    assert.deepStrictEqual([cursor.lowestUnfinished(session), cursor.lowestUnfinished(replaced)], [1, 1])
    read(cursor, 4)
    entries.slice(0, 1).forEach((entry) => cursor.start(entry))
    assert.deepStrictEqual([cursor.lowestUnfinished(session), cursor.lowestUnfinished(replaced)], [1, Infinity])
    entries.slice(0, 1).forEach((entry) => cursor.done(entry))
    assert.strictEqual(cursor.lowestUnfinished(session), 2)
    assert.strictEqual(cursor.lowestUnfinished({ ...session }), Infinity)
  })

  it("holds no session for events that cannot be replayed", () => {
    const { cursor, log } = open()
    const session = { ...makeSession(5), sequence: 4 }
    append(log, session, 2)
    assert.strictEqual(cursor.lowestUnfinished(session), 6, "READY has the sequence 5")
  })

  it("returns the lowest unfinished position", () => {
    const { cursor, log, session } = open()
    const [first, second] = append(log, session, 2)
    assert.strictEqual(cursor.lowestPosition(), first?.position)
    read(cursor, 1)
    assert.strictEqual(cursor.lowestPosition(), second?.position)
    if (first !== undefined) {
      cursor.start(first)
    }
    assert.strictEqual(cursor.lowestPosition(), first?.position)
  })
})
