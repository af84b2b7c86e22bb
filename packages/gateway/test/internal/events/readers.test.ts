import { assert, describe, it } from "@effect/vitest"
import * as Diagnostic from "../../../src/Diagnostic.js"
import type { EventLog } from "../../../src/internal/events/log/eventLog.js"
import { Readers } from "../../../src/internal/events/readers.js"
import { append, handling, makeLog, makeSession, read, streaming } from "./fixture.js"

/** Readers of so many logs, with a clock that is moved by hand. */
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
    notice: (diagnostic) => notices.push(diagnostic)
  })
  const parts = Array.from({ length: count }, () => ({ log: makeLog().log, session: makeSession() }))
  parts.forEach(({ log }) => readers.addLog(log))
  return {
    readers,
    notices,
    parts,
    timers,
    /** Lets `drainTimeout` pass. */
    expire: () => Array.from(timers.keys()).forEach((call) => call())
  }
}

const cursors = ({ cursors }: EventLog) => cursors.size

describe("a run that ends", () => {
  it("leaves what it has not read to the next run with its key", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    append(part.log, part.session, 3)
    read(reader, 1)
    readers.leave(reader, "a", "handler")
    append(part.log, part.session, 1)
    assert.isUndefined(readers.adopt("b", "handler", undefined))
    assert.isUndefined(readers.adopt(undefined, "handler", undefined))
    const next = readers.open(handling, readers.adopt("a", "another handler", undefined))
    assert.deepStrictEqual(read(next), [2, 3, 4])
    assert.deepStrictEqual([timers.size, cursors(part.log)], [0, 1])
    assert.isUndefined(readers.adopt("a", "handler", undefined), "it is taken over once")
  })

  it("keeps its place also where it has read everything", () => {
    const { parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    readers.leave(reader, undefined, "handler")
    append(part.log, part.session, 2)
    assert.strictEqual(part.log.acknowledgedIn(part.session), 0)
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt(undefined, "handler", undefined))), [1, 2])
  })

  it("pauses the socket for no later event while another reader reads, if it has handled everything", () => {
    const { notices, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const [left, other] = [readers.open(handling), readers.open(streaming)]
    readers.leave(left, undefined, "handler")
    append(log, session, 3)
    read(other)
    assert.strictEqual(log.acknowledgedIn(session), 0)
    append(log, session, 1)
    assert.deepStrictEqual([log.flow.isPaused, cursors(log), timers.size], [false, 1, 0])
    assert.deepStrictEqual(notices, [Diagnostic.Abandoned({ reader: "a handler", events: 4 })])
    assert.strictEqual(log.acknowledgedIn(session), 4)
  })

  it("pauses the socket for later events until another reader begins", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    readers.leave(readers.open(handling), undefined, "handler")
    append(log, session, 4)
    assert.isTrue(log.flow.isPaused)
    readers.open(streaming)
    assert.deepStrictEqual([log.flow.isPaused, cursors(log), timers.size], [false, 1, 0])
  })

  it("keeps its place for ever once the shard is released", () => {
    const { expire, parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    readers.leave(readers.open(handling), undefined, "handler")
    append(part.log, part.session, 2)
    readers.release()
    expire()
    assert.strictEqual(part.log.acknowledgedIn(part.session), 0)
  })

  it("leaves to a run of the same handler first, where the key is the same", () => {
    const { parts: [part], readers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const [first, second] = [readers.open(handling), readers.open(handling)]
    append(part.log, part.session, 2)
    read(second, 1)
    readers.leave(first, undefined, "first")
    readers.leave(second, undefined, "second")
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
      readers.leave(reader, undefined, "handler")
      const set = wanted && new Set<string>(wanted)
      const next = readers.open({ ...handling, wanted: set }, readers.adopt(undefined, "handler", set))
      append(part.log, part.session, 1, "C")
      append(part.log, part.session, 1, "A")
      const later = [3, 4].filter((s) => set === undefined || set.has(s === 3 ? "C" : "A"))
      assert.deepStrictEqual(read(next), isTakenOver ? [1, 2, ...later] : later)
    })
  }

  it("loses its place after drainTimeout: its events are dropped and reported, and the session moves on", () => {
    const { expire, notices, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const reader = readers.open(handling)
    append(part.log, part.session, 4)
    readers.leave(reader, undefined, "handler")
    assert.deepStrictEqual([part.log.flow.isPaused, part.log.acknowledgedIn(part.session)], [true, 0])
    assert.deepStrictEqual(Array.from(timers.values()), [10_000])
    expire()
    assert.deepStrictEqual([part.log.flow.isPaused, part.log.acknowledgedIn(part.session)], [false, 4])
    assert.deepStrictEqual(notices, [Diagnostic.Abandoned({ reader: "a handler", events: 4 })])
    assert.deepStrictEqual([cursors(part.log), readers.adopt(undefined, "handler", undefined)], [0, undefined])
  })

  it("is not reported where nothing waited for it", () => {
    const { expire, notices, parts: [part], readers } = make()
    readers.leave(readers.open(handling), undefined, "handler")
    expire()
    assert.deepStrictEqual([notices, part && cursors(part.log)], [[], 0])
  })
})

describe("readers", () => {
  it("hand over what one of them has not read", () => {
    const { parts, readers } = make(2)
    const reader = readers.open(handling)
    parts.forEach(({ log, session }) => append(log, session, 2))
    read(reader, 1)
    const next = readers.open(streaming, reader)
    assert.strictEqual(read(next).length, 3)
    assert.deepStrictEqual(parts.map(({ log }) => cursors(log)), [1, 1])
  })

  it("know whether there is another than one of them", () => {
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

  it("receive the events of a log that is added, from its first on, also where the run has ended", () => {
    const { readers } = make()
    const [reader, left] = [readers.open(handling), readers.open(handling)]
    readers.leave(left, "key", "handler")
    const { log } = makeLog()
    readers.addLog(log)
    append(log, makeSession(), 2)
    assert.deepStrictEqual(read(reader), [1, 2])
    assert.deepStrictEqual(read(readers.open(handling, readers.adopt("key", "handler", undefined))), [1, 2])
  })

  it("read a log that is removed to its end, also one that takes over later", () => {
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

  it("give a log that was removed before anything was read to the first reader", () => {
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

  it("know the lowest position that one which acknowledges has not finished", () => {
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
    readers.leave(reader, undefined, "handler")
    assert.strictEqual(readers.lowestPosition(), second?.position)
  })

  it("read in the order of receipt while a fleet is resharded, also one that is opened then", () => {
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
  it("keeps its place for drainTimeout, pauses nothing, and is not counted", () => {
    const { expire, parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const stream = readers.open(streaming)
    append(log, session, 4)
    read(stream, 1)
    readers.leaveStream(stream)
    append(log, session, 8)
    assert.deepStrictEqual([log.flow.isPaused, log.lag, log.readIn(session)], [false, 0, 1])
    expire()
    assert.deepStrictEqual([cursors(log), timers.size, log.readIn(session)], [0, 0, 12])
  })

  it("lets nothing be read twice that another stream has read", () => {
    const { parts: [part], readers, timers } = make()
    if (part === undefined) {
      return assert.fail()
    }
    const { log, session } = part
    const [ahead, behind] = [readers.open(streaming), readers.open(streaming)]
    append(log, session, 3)
    read(ahead)
    readers.leaveStream(ahead)
    readers.leaveStream(behind)
    append(log, session, 1)
    assert.deepStrictEqual([log.readIn(session), cursors(log), timers.size], [3, 1, 1])
  })

  it("leaves nothing where it acknowledges nothing either", () => {
    const { parts: [part], readers, timers } = make(1, false)
    if (part === undefined) {
      return assert.fail()
    }
    const stream = readers.open(streaming)
    append(part.log, part.session, 2)
    readers.leaveStream(stream)
    assert.deepStrictEqual([cursors(part.log), timers.size], [0, 0])
  })
})
