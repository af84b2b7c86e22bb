import { assert, describe, it } from "@effect/vitest"
import * as Diagnostic from "../../../src/Diagnostic.js"
import type { EventLog } from "../../../src/internal/events/log/eventLog.js"
import { Readers } from "../../../src/internal/events/readerRegistry.js"
import { append, handling, makeLog, makeSession, read, streaming } from "./fixture.js"

/** Readers of several logs, with a manual clock. */
const make = (count = 1, keepsStreams = true) => {
  const timers = new Map<() => void, number>()
  const notices: Array<Diagnostic.Diagnostic> = []
  const readers = new Readers({
    ending: undefined,
    drainTimeoutMillis: 10_000,
    keepsStreams,
    after: (millis, call) => {
      timers.set(call, millis)
      return () => timers.delete(call)
    },
    publish: (diagnostic) => notices.push(diagnostic)
  })
  const parts = Array.from({ length: count }, () => ({ log: makeLog().log, session: makeSession() }))
  parts.forEach(({ log }) => readers.addLog(log))
  return {
    readers,
    notices,
    parts,
    timers,
    /** Advances time by `drainTimeout`. */
    expire: () => Array.from(timers.keys()).forEach((call) => call())
  }
}

const cursors = ({ cursors }: EventLog) => cursors.size

describe("a run that ends", () => {
  it("leaves its unread events to the next run with its key", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    append(part.log, part.session, 3)
    read(reader, 1)
    readers.endRun(reader, "a", "handler")
    append(part.log, part.session, 1)
    assert.isUndefined(readers.adopt("b", "handler", undefined))
    assert.isUndefined(readers.adopt(undefined, "handler", undefined))
    const next = readers.open(handling, readers.adopt("a", "another handler", undefined))
    assert.deepStrictEqual(read(next), [2, 3, 4])
    assert.deepStrictEqual([timers.size, cursors(part.log)], [0, 1])
    assert.isUndefined(readers.adopt("a", "handler", undefined), "it is taken over once")
  })

  it("is kept even if it has read all events", () => {
    const { parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    readers.endRun(reader, undefined, "handler")
    append(part.log, part.session, 2)
    assert.strictEqual(part.log.acknowledgedIn(part.session), 0)
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt(undefined, "handler", undefined))), [1, 2])
  })

  it("does not pause the socket for later events while another reader reads, if it has handled all events", () => {
    const { notices, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const [left, other] = [readers.open(handling), readers.open(streaming)]
    readers.endRun(left, undefined, "handler")
    append(log, session, 3)
    read(other)
    assert.strictEqual(log.acknowledgedIn(session), 0)
    append(log, session, 1)
    assert.deepStrictEqual([log.backpressure.isPaused, cursors(log), timers.size], [false, 1, 0])
    assert.deepStrictEqual(notices, [Diagnostic.Abandoned({ reader: "a handler", events: 4 })])
    assert.strictEqual(log.acknowledgedIn(session), 4)
  })

  it("pauses the socket for later events until another reader opens", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    readers.endRun(readers.open(handling), undefined, "handler")
    append(log, session, 4)
    assert.isTrue(log.backpressure.isPaused)
    readers.open(streaming)
    assert.deepStrictEqual([log.backpressure.isPaused, cursors(log), timers.size], [false, 1, 0])
  })

  it("is kept without a limit once the shard is released", () => {
    const { expire, parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    readers.endRun(readers.open(handling), undefined, "handler")
    append(part.log, part.session, 2)
    readers.release()
    expire()
    assert.strictEqual(part.log.acknowledgedIn(part.session), 0)
  })

  it("is adopted by a run of the same handler first, if several have its key", () => {
    const { parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const [first, second] = [readers.open(handling), readers.open(handling)]
    append(part.log, part.session, 2)
    read(second, 1)
    readers.endRun(first, undefined, "first")
    readers.endRun(second, undefined, "second")
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt(undefined, "second", undefined))), [2])
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt(undefined, "third", undefined))), [1, 2])
  })

  const filters = [
    ["the same events", ["A", "B"], true],
    ["these and other events", ["A", "B", "C"], true],
    ["all events", undefined, true],
    ["some of these events", ["A"], false],
    ["other events", ["C"], false]
  ] as const
  for (const [which, wanted, isTakenOver] of filters) {
    it(`${isTakenOver ? "leaves" : "does not leave"} its events to a run that wants ${which}`, () => {
      const { parts: [part], readers } = make()
      if (part === undefined) {
        return assert.fail()
      }
      const reader = readers.open({ ...handling, wanted: new Set(["A", "B"]) })
      append(part.log, part.session, 1, "A")
      append(part.log, part.session, 1, "B")
      readers.endRun(reader, undefined, "handler")
      const set = wanted && new Set<string>(wanted)
      const next = readers.open({ ...handling, wanted: set }, readers.adopt(undefined, "handler", set))
      append(part.log, part.session, 1, "C")
      append(part.log, part.session, 1, "A")
      const later = [3, 4].filter((s) => set === undefined || set.has(s === 3 ? "C" : "A"))
      assert.deepStrictEqual(read(next), isTakenOver ? [1, 2, ...later] : later)
    })
  }

  it("is dropped after drainTimeout: its events are reported, and the session advances", () => {
    const { expire, notices, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    append(part.log, part.session, 4)
    readers.endRun(reader, undefined, "handler")
    assert.deepStrictEqual([part.log.backpressure.isPaused, part.log.acknowledgedIn(part.session)], [true, 0])
    assert.deepStrictEqual(Array.from(timers.values()), [10_000])
    expire()
    assert.deepStrictEqual([part.log.backpressure.isPaused, part.log.acknowledgedIn(part.session)], [false, 4])
    assert.deepStrictEqual(notices, [Diagnostic.Abandoned({ reader: "a handler", events: 4 })])
    assert.deepStrictEqual([cursors(part.log), readers.adopt(undefined, "handler", undefined)], [0, undefined])
  })

  it("is not reported if it had no waiting events", () => {
    const { expire, notices, parts: [part], readers } = make()
    readers.endRun(readers.open(handling), undefined, "handler")
    expire()
    assert.deepStrictEqual([notices, part && cursors(part.log)], [[], 0])
  })
})

describe("readers", () => {
  it("continue with the unread events of another", () => {
    const { parts, readers } = make(2)
    const reader = readers.open(handling)
    parts.forEach(({ log, session }) => append(log, session, 2))
    read(reader, 1)
    const next = readers.open(streaming, reader)
    assert.strictEqual(read(next).length, 3)
    assert.deepStrictEqual(parts.map(({ log }) => cursors(log)), [1, 1])
  })

  it("know if there are other readers", () => {
    const { readers } = make()
    const reader = readers.open(handling)
    assert.isFalse(readers.hasOthers(reader))
    const other = readers.open(streaming)
    assert.isTrue(readers.hasOthers(reader))
    readers.close(other)
    assert.isFalse(readers.hasOthers(reader))
    readers.close(reader)
    assert.isFalse(readers.hasOthers(reader))
  })

  it("receive all events of an added log, including readers of ended runs", () => {
    const { readers } = make()
    const [reader, left] = [readers.open(handling), readers.open(handling)]
    readers.endRun(left, "key", "handler")
    const { log } = makeLog()
    readers.addLog(log)
    append(log, makeSession(), 2)
    assert.deepStrictEqual(read(reader), [1, 2])
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt("key", "handler", undefined))), [1, 2])
  })

  it("read a log that is removed to its end, also one that opens later", () => {
    const { parts: [part], readers } = make(2)
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    append(part.log, part.session, 3)
    readers.removeLog(part.log)
    read(reader, 1)
    const next = readers.open(handling, reader)
    assert.deepStrictEqual(read(next), [2, 3])
    assert.strictEqual(cursors(part.log), 0)
    assert.isFalse(readers.open(streaming).cursors.has(part.log), "a later reader does not read it")
  })

  it("read a log that was removed before the first reader opened", () => {
    const { parts: [part], readers } = make(2)
    if (part === undefined) {
      return assert.fail()
    }
    append(part.log, part.session, 2)
    readers.removeLog(part.log)
    assert.deepStrictEqual(read(readers.open(handling)), [1, 2])
    assert.strictEqual(cursors(part.log), 0)
    assert.deepStrictEqual(read(readers.open(handling)), [])
  })

  it("return the lowest unfinished position of acknowledging readers", () => {
    const { parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    readers.open(streaming)
    const reader = readers.open(handling)
    assert.strictEqual(readers.lowestPosition(), Number.POSITIVE_INFINITY)
    const [first, second] = append(part.log, part.session, 2)
    assert.strictEqual(readers.lowestPosition(), first?.position)
    read(reader, 1)
    readers.endRun(reader, undefined, "handler")
    assert.strictEqual(readers.lowestPosition(), second?.position)
  })

  it("read in the order of receipt while a fleet is resharded, including readers that open then", () => {
    const { readers } = make(2)
    const before = readers.open(handling)
    readers.setOrdered(true)
    const then = readers.open(handling)
    assert.deepStrictEqual([before.isOrdered, then.isOrdered], [true, true])
    readers.setOrdered(false)
    assert.deepStrictEqual([before.isOrdered, then.isOrdered], [false, false])
  })
})

describe("a stream that ends", () => {
  it("is kept for drainTimeout, pauses nothing, and is not counted", () => {
    const { expire, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const stream = readers.open(streaming)
    append(log, session, 4)
    read(stream, 1)
    readers.endStream(stream)
    append(log, session, 8)
    assert.deepStrictEqual([log.backpressure.isPaused, log.buffered, log.readIn(session)], [false, 0, 1])
    expire()
    assert.deepStrictEqual([cursors(log), timers.size, log.readIn(session)], [0, 0, 12])
  })

  it("does not lead to a second reading of events that another stream has read", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const [ahead, behind] = [readers.open(streaming), readers.open(streaming)]
    append(log, session, 3)
    read(ahead)
    readers.endStream(ahead)
    readers.endStream(behind)
    append(log, session, 1)
    assert.deepStrictEqual([log.readIn(session), cursors(log), timers.size], [3, 1, 1])
  })

  it("is not kept with acknowledge onHandled", () => {
    const { parts: [part], readers, timers } = make(1, false)
    if (part === undefined) {
      return assert.fail()
    }
    const stream = readers.open(streaming)
    append(part.log, part.session, 2)
    readers.endStream(stream)
    assert.deepStrictEqual([cursors(part.log), timers.size], [0, 0])
  })
})
