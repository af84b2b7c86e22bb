import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Diagnostic from "../../../src/Diagnostic.js"
import { Entry } from "../../../src/internal/events/log/entry.js"
import * as Parse from "../../../src/internal/events/log/parse.js"
import * as ShardError from "../../../src/ShardError.js"
import { append, control, handling, makeLog, makeSession, read, streaming } from "./fixture.js"

describe("a log without a reader so far", () => {
  it("keeps all events since its start for the first reader, and none of them for the second", () => {
    const { log } = makeLog()
    const session = makeSession()
    append(log, session, 3)
    const [first, second] = [log.open(handling), log.open(handling)]
    append(log, session, 1)
    assert.deepStrictEqual([read(first), read(second)], [[1, 2, 3, 4], [4]])
    assert.isUndefined(log.backlog)
  })

  it("delivers only wanted events to the first reader, and drops the others", () => {
    const { calls, log } = makeLog()
    const session = makeSession()
    append(log, session, 3, "TYPING_START")
    append(log, session, 1)
    const cursor = log.open({ ...handling, wanted: new Set(["MESSAGE_CREATE"]) })
    assert.deepStrictEqual(read(cursor), [4])
    assert.deepStrictEqual(calls, ["pause", "resume"])
    assert.deepStrictEqual(log.cursors.size, 1)
  })

  it("pauses its socket when it is full, until the backlog stops suspending", () => {
    const { calls, log, notices } = makeLog()
    const session = makeSession()
    append(log, session, 5)
    assert.deepStrictEqual(calls, ["pause"])
    log.stopSuspendingBacklog()
    assert.deepStrictEqual(calls, ["pause", "resume"])
    assert.deepStrictEqual(notices, [Diagnostic.Abandoned({ reader: "a reader, and there has been none", events: 5 })])
    append(log, session, 100)
    assert.deepStrictEqual(calls, ["pause", "resume"])
    assert.strictEqual(notices.length, 1, "the oldest are dropped in silence")
    assert.deepStrictEqual(read(log.open(handling)), [102, 103, 104, 105])
  })

  it("drops nothing before it is full, at any time without a reader", () => {
    const { log, notices } = makeLog()
    append(log, makeSession(), 3)
    log.stopSuspendingBacklog()
    assert.deepStrictEqual(notices, [])
    assert.deepStrictEqual(read(log.open(handling)), [1, 2, 3])
  })
})

describe("the socket of a log", () => {
  it("is paused on behalf of the slowest cursor, and resumed when none is full", () => {
    const { calls, log } = makeLog()
    const session = makeSession()
    const [fast, slow] = [log.open(handling), log.open({ ...streaming, capacity: 2 })]
    append(log, session, 4)
    assert.deepStrictEqual(log.backpressure.holders, [slow, fast])
    read(fast)
    assert.deepStrictEqual(log.backpressure.holders, [slow])
    assert.deepStrictEqual(calls, ["pause"])
    read(slow, 3)
    assert.deepStrictEqual(calls, ["pause", "resume"])
  })

  it("is not paused for events that no cursor wants", () => {
    const { calls, log } = makeLog()
    log.open({ ...handling, wanted: new Set(["TYPING_START"]) })
    append(log, makeSession(), 100)
    assert.deepStrictEqual([calls, log.buffered], [[], 0])
  })

  it("is resumed when the full cursor is closed", () => {
    const { calls, log } = makeLog()
    const cursor = log.open(handling)
    append(log, makeSession(), 4)
    log.close(cursor)
    assert.deepStrictEqual(calls, ["pause", "resume"])
    assert.strictEqual(log.cursors.size, 0)
  })

  it("is paused from its beginning if a cursor is full already", () => {
    const { log } = makeLog()
    append(log, makeSession(), 4)
    const calls: Array<string> = []
    log.backpressure.setSocket(undefined)
    log.backpressure.setSocket({ pause: () => calls.push("pause"), resume: () => calls.push("resume") })
    assert.deepStrictEqual(calls, ["pause"])
    read(log.open(handling))
    assert.deepStrictEqual([calls.at(-1), log.backpressure.isPaused], ["resume", false])
  })
})

describe("a log", () => {
  it("wants the events that some cursor wants, and all of them while they are routed", () => {
    const { log } = makeLog()
    const wants = () => ["MESSAGE_CREATE", "TYPING_START", "READY"].map((t) => log.wants(t))
    assert.deepStrictEqual(wants(), [true, true, true], "the first reader might want any")
    const cursor = log.open({ ...handling, wanted: new Set(["READY"]) })
    log.open({ ...streaming, wanted: new Set(["TYPING_START"]) })
    assert.deepStrictEqual(wants(), [false, true, true])
    log.close(cursor)
    assert.deepStrictEqual(wants(), [false, true, false])
    log.route = { deliver: () => true, lowestPosition: () => Number.POSITIVE_INFINITY }
    assert.deepStrictEqual(wants(), [true, true, true])
  })

  it("shares an entry between its cursors", () => {
    const { log } = makeLog()
    const [first, second] = [log.open(handling), log.open(handling)]
    const [entry] = append(log, makeSession(), 1)
    assert.strictEqual(first.next(), entry)
    assert.strictEqual(second.next(), entry)
  })

  it("holds at most twice its capacity of notices for a reader", () => {
    const { log } = makeLog()
    const cursor = log.open({ ...handling, wantsControlItems: true })
    for (let i = 0; i < 20; i++) {
      log.notify(control("not asked for"))
      log.notify({ _tag: "Close", frame: Option.none(), position: 0 })
    }
    assert.strictEqual(cursor.buffered, 8)
    append(log, makeSession(), 1)
    assert.strictEqual(cursor.buffered, 9)
  })

  it("publishes an event that cannot be read once, however many readers it has", () => {
    const { log, notices } = makeLog()
    const entry = new Entry(makeSession(), "READY", 1, "{", true)
    const error = log.read(entry, Parse.parse)
    assert.strictEqual(log.read(entry, Parse.parse), error)
    assert.instanceOf(error, ShardError.DeserializationError)
    assert.deepStrictEqual(notices, [Diagnostic.Failure({ error })])
  })

  it("that ends wakes its readers, and can be opened again", () => {
    const { log } = makeLog()
    const cursor = log.open(handling)
    const error = new ShardError.ShardClosedError()
    const ends: Array<unknown> = []
    let woken = 0
    log.onEnd = (error) => ends.push(error)
    cursor.listener = () => woken++
    log.end(error)
    assert.deepStrictEqual([ends, woken, log.ending.closed], [[error], 1, error])
    log.end(undefined)
    assert.isUndefined(log.ending.closed)
    log.failReaders(error)
    assert.deepStrictEqual([ends.length, log.ending.failed], [1, error])
  })
})

describe("the session of a log", () => {
  it("is acknowledged up to the last received event if no cursor acknowledges", () => {
    const { log } = makeLog()
    const session = makeSession()
    log.open(streaming)
    append(log, session, 3)
    assert.strictEqual(log.acknowledgedIn(session), 3)
  })

  for (const options of [streaming, handling]) {
    it(`is read up to what ${options.name} has read that is ahead of another`, () => {
      const { log } = makeLog()
      const session = makeSession()
      const [first, second] = [log.open(options), log.open(options)]
      append(log, session, 3)
      assert.strictEqual(log.readIn(session), 0)
      read(first, 2)
      assert.strictEqual(log.readIn(session), 2)
      log.close(first)
      read(second, 1)
      assert.strictEqual(log.readIn(session), 2)
      log.close(second)
      assert.strictEqual(log.readIn(session), 3)
      assert.strictEqual(log.readIn(makeSession()), 0, "of another session nothing was read")
    })
  }

  it("is read up to the last event that handlers have read, independent of streams", () => {
    const { log } = makeLog()
    const session = makeSession()
    const [handler, stream] = [log.open(handling), log.open(streaming)]
    append(log, session, 3)
    read(stream)
    read(handler, 1)
    assert.strictEqual(log.readIn(session), 1)
    log.close(handler)
    assert.strictEqual(log.readIn(session), 3)
  })

  it("is acknowledged up to the last event that all handlers have finished, independent of streams", () => {
    const { log } = makeLog()
    const session = makeSession()
    const [first, second] = [log.open(handling), log.open(handling)]
    log.open(streaming)
    const [entry] = append(log, session, 3)
    read(first)
    read(second, 2)
    assert.strictEqual(log.acknowledgedIn(session), 2)
    if (entry !== undefined) {
      first.start(entry)
      assert.strictEqual(log.acknowledgedIn(session), 0)
      first.done(entry)
    }
    log.close(second)
    assert.strictEqual(log.acknowledgedIn(session), 3)
  })

  it("is acknowledged over events that no handler wants, and never before READY", () => {
    const { log } = makeLog()
    const session = makeSession(5)
    const cursor = log.open({ ...handling, wanted: new Set(["MESSAGE_CREATE"]) })
    append(log, session, 3, "TYPING_START")
    append(log, session, 1)
    append(log, session, 1, "TYPING_START")
    assert.strictEqual(log.acknowledgedIn(session), 8)
    read(cursor)
    assert.strictEqual(log.acknowledgedIn(session), 10)
    assert.strictEqual(log.acknowledgedIn({ ...session, since: 12 }), 12)
  })

  it("stays before an entry whose copy is delivered, until all events offered before it are finished", () => {
    const [{ log }, { log: other }] = [makeLog(), makeLog()]
    const [session, otherSession] = [makeSession(), makeSession()]
    const [cursor, copies] = [log.open(handling), other.open(handling)]
    append(log, session, 1)
    append(other, otherSession, 1)
    log.route = {
      deliver: () => false,
      lowestPosition: () => Math.min(cursor.lowestPosition(), copies.lowestPosition())
    }
    append(log, session, 1)
    log.route = undefined
    assert.deepStrictEqual(read(cursor), [1])
    assert.strictEqual(log.acknowledgedIn(session), 1, "the copy is not read")
    append(other, otherSession, 1)
    read(copies, 1)
    assert.strictEqual(log.acknowledgedIn(session), 2)
    assert.strictEqual(log.acknowledgedIn(makeSession()), 0)
  })

  it("is not held by an entry of a session that has ended", () => {
    const { log } = makeLog()
    const [before, session] = [makeSession(), { ...makeSession(), id: "b" }]
    const cursor = log.open(handling)
    log.route = { deliver: () => false, lowestPosition: () => 0 }
    append(log, before, 1)
    log.route = undefined
    append(log, before, 1)
    append(log, session, 1)
    read(cursor)
    assert.strictEqual(log.acknowledgedIn(session), 1)
  })
})
