import { assert, describe, it } from "@effect/vitest"
import type { EventLog } from "../../../src/internal/events/log/eventLog.js"
import type { Ending } from "../../../src/internal/events/log/eventLog.js"
import { Reader } from "../../../src/internal/events/reader.js"
import * as ShardError from "../../../src/ShardError.js"
import { append, handling, makeLog, makeSession, read } from "./fixture.js"

/** A reader of so many logs, and a session for each of them. */
const open = (count: number, ending?: Ending, options = handling) => {
  const reader = new Reader(options, ending)
  const parts = Array.from({ length: count }, () => ({ log: makeLog().log, session: makeSession() }))
  parts.forEach(({ log }) => reader.attach(log))
  return { reader, parts, logs: parts.map(({ log }) => log) }
}

/** The logs of the items that are read next. */
const logsOf = (reader: Reader, logs: ReadonlyArray<EventLog>) => {
  const order: Array<number> = []
  while (reader.next() !== undefined && reader.current !== undefined) {
    order.push(logs.indexOf(reader.current.log))
  }
  return order
}

const closed = new ShardError.ShardClosedError()

describe("a reader of several logs", () => {
  it("reads them in turns, so that a busy one does not delay the others", () => {
    const { logs, parts, reader } = open(3)
    for (const [i, { log, session }] of parts.entries()) {
      append(log, session, i === 0 ? 4 : 1)
    }
    const order = logsOf(reader, logs)
    assert.sameMembers(order.slice(0, 3), [0, 1, 2])
    assert.deepStrictEqual(order.slice(3), [0, 0, 0])
  })

  it("reads each log in its order", () => {
    const { parts, reader } = open(2)
    parts.forEach(({ log, session }) => append(log, session, 3))
    const read = new Map<EventLog, Array<number>>(parts.map(({ log }) => [log, []]))
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item._tag === "Dispatch" && reader.current !== undefined) {
        read.get(reader.current.log)?.push(item.s)
      }
    }
    assert.deepStrictEqual(Array.from(read.values()), [[1, 2, 3], [1, 2, 3]])
  })

  it("reads them in the order of receipt while that is required", () => {
    const { logs, parts, reader } = open(3)
    const order = [2, 0, 0, 1, 2, 2, 1]
    for (const at of order) {
      const part = parts[at]
      if (part !== undefined) {
        append(part.log, part.session, 1)
      }
    }
    reader.setOrdered(true)
    assert.deepStrictEqual(logsOf(reader, logs), order)
  })

  it("reads a log that is retired to its end, in the order of receipt, and closes its cursor when its events are finished", () => {
    const { logs, parts, reader } = open(2)
    const [replaced, current] = parts
    if (replaced === undefined || current === undefined) {
      return assert.fail()
    }
    append(current.log, current.session, 1)
    const entries = append(replaced.log, replaced.session, 2)
    append(current.log, current.session, 1)
    reader.retire(replaced.log)
    assert.deepStrictEqual(logsOf(reader, logs).length, 4)
    assert.isFalse(reader.cursors.has(replaced.log), "nothing of it was begun")
    assert.strictEqual(replaced.log.cursors.size, 0)
    assert.strictEqual(entries.length, 2)
  })

  it("keeps a retired log while a handler of one of its events has not ended", () => {
    const { parts: [replaced], reader } = open(2)
    if (replaced === undefined) {
      return assert.fail()
    }
    const [entry] = append(replaced.log, replaced.session, 1)
    reader.retire(replaced.log)
    reader.next()
    const cursor = reader.cursors.get(replaced.log)
    if (entry === undefined || cursor === undefined) {
      return assert.fail()
    }
    cursor.start(entry)
    assert.isUndefined(reader.next())
    assert.isTrue(reader.cursors.has(replaced.log))
    cursor.done(entry)
    assert.isUndefined(reader.next())
    assert.isFalse(reader.cursors.has(replaced.log))
  })

  it("closes its cursor in a retired log at once if no event waits", () => {
    const { logs: [log], reader } = open(2)
    if (log !== undefined) {
      reader.retire(log)
      assert.isFalse(reader.cursors.has(log))
    }
  })

  it("continues with other logs at a closed gate, and makes the gate open", () => {
    const { logs, parts, reader } = open(2)
    let blocked = 0
    logs[0]?.gate.close(0, () => blocked++)
    parts.forEach(({ log, session }) => append(log, session, 2))
    assert.deepStrictEqual(logsOf(reader, logs), [1, 1])
    assert.isAtLeast(blocked, 1)
    assert.isFalse(reader.hasNext())
    logs[0]?.openGateUpTo(Number.POSITIVE_INFINITY)
    assert.isTrue(reader.hasNext())
    assert.deepStrictEqual(logsOf(reader, logs), [0, 0])
  })

  it("reads nothing behind a closed gate of another log while the order of receipt is required, and makes all gates open", () => {
    const { logs, parts, reader } = open(3)
    const blocked: Array<number> = []
    for (const [i, { gate }] of logs.slice(0, 2).entries()) {
      gate.close(0, () => blocked.push(i))
    }
    const order = [2, 0, 2, 1, 2]
    for (const at of order) {
      const part = parts[at]
      if (part !== undefined) {
        append(part.log, part.session, 1)
      }
    }
    assert.deepStrictEqual(logsOf(reader, logs), [2, 2, 2], "the order is not required")
    for (const at of order) {
      const part = parts[at]
      if (part !== undefined) {
        append(part.log, part.session, 1)
      }
    }
    blocked.length = 0
    reader.setOrdered(true)
    assert.deepStrictEqual(logsOf(reader, logs), [])
    assert.deepStrictEqual(new Set(blocked), new Set([0, 1]))
    logs[1]?.openGateUpTo(Number.POSITIVE_INFINITY)
    assert.isFalse(reader.hasNext(), "the first event is behind the gate of another log")
    assert.deepStrictEqual(logsOf(reader, logs), [])
    let woken = 0
    reader.onAvailable(() => woken++)
    logs[0]?.openGateUpTo(Number.POSITIVE_INFINITY)
    assert.strictEqual(woken, 1)
    assert.deepStrictEqual(logsOf(reader, logs), [0, 1, ...order])
  })

  it("fails with its own end after all events were read, or at once with failed", () => {
    const ending: { closed: Ending["closed"]; failed: Ending["failed"] } = { closed: undefined, failed: undefined }
    const { parts, reader } = open(2, ending)
    const [part] = parts
    part?.log.end(closed)
    assert.isUndefined(reader.failure(), "the end of one shard is not that of the fleet")
    if (part !== undefined) {
      append(part.log, part.session, 1)
    }
    ending.closed = closed
    assert.isUndefined(reader.failure())
    reader.next()
    assert.strictEqual(reader.failure(), closed)
  })

  it("leaves nothing in its logs when it is closed", () => {
    const { logs, parts, reader } = open(2)
    parts.forEach(({ log, session }) => append(log, session, 4))
    assert.isTrue(logs.every(({ backpressure }) => backpressure.isPaused))
    reader.close()
    assert.deepStrictEqual(logs.map(({ cursors, backpressure }) => [cursors.size, backpressure.isPaused]), [
      [0, false],
      [0, false]
    ])
    assert.strictEqual(reader.buffered, 0)
  })
})

describe("a reader of one log", () => {
  it("fails with the end of the log after all events were read, including those behind the gate", () => {
    const { parts: [part], reader } = open(1)
    if (part === undefined) {
      return assert.fail()
    }
    part.log.gate.close(0, () => {})
    append(part.log, part.session, 1)
    part.log.end(closed)
    assert.isUndefined(reader.next())
    assert.isUndefined(reader.failure())
    part.log.openGateUpTo(Number.POSITIVE_INFINITY)
    assert.deepStrictEqual(read(reader), [1])
    assert.strictEqual(reader.failure(), closed)
    part.log.end(undefined)
    assert.isUndefined(reader.failure())
  })

  it("fails at once when its log fails readers", () => {
    const { parts: [part], reader } = open(1)
    if (part !== undefined) {
      append(part.log, part.session, 1)
      part.log.failReaders(closed)
    }
    assert.strictEqual(reader.failure(), closed)
  })

  it("has overflowed once its queued events were read", () => {
    const { parts: [part], reader } = open(1, undefined, { ...handling, strategy: "fail" })
    if (part !== undefined) {
      append(part.log, part.session, 9)
    }
    assert.isFalse(reader.hasOverflowed())
    assert.deepStrictEqual(read(reader), [1, 2, 3, 4])
    assert.isTrue(reader.hasOverflowed())
  })

  it("is woken once for many events, by an end, and at once if an event waits", () => {
    const { parts: [part], reader } = open(1)
    if (part === undefined) {
      return assert.fail()
    }
    let woken = 0
    const wait = () => reader.onAvailable(() => woken++)
    wait()
    assert.isTrue(reader.isWaiting)
    append(part.log, part.session, 3)
    assert.deepStrictEqual([woken, reader.isWaiting], [1, false])
    wait()
    assert.strictEqual(woken, 2)
    read(reader)
    wait()
    assert.strictEqual(woken, 2)
    part.log.end(closed)
    assert.strictEqual(woken, 3)
    wait()
    assert.strictEqual(woken, 4)
  })

  it("does not wake a cancelled wait", () => {
    const { parts: [part], reader } = open(1)
    let woken = 0
    reader.onAvailable(() => woken++)()
    if (part !== undefined) {
      append(part.log, part.session, 1)
    }
    assert.deepStrictEqual([woken, reader.isWaiting], [0, false])
  })
})
