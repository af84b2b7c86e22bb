import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Diagnostic from "../../../src/Diagnostic.js"
import * as StallWatch from "../../../src/internal/events/log/stallWatch.js"
import { Reader } from "../../../src/internal/events/reader.js"
import { append, handling, makeLog, makeSession, read, streaming } from "./fixture.js"

const drainTimeoutMillis = 12_000

/** A log that is watched, and a clock that is moved by hand. */
const make = () => {
  const timers: Array<{ readonly at: number; readonly call: () => void }> = []
  let now = 0
  const after = (millis: number, call: () => void) => {
    const timer = { at: now + millis, call }
    timers.push(timer)
    return () => {
      const index = timers.indexOf(timer)
      if (index >= 0) {
        timers.splice(index, 1)
      }
    }
  }
  const watch = StallWatch.make(after, drainTimeoutMillis)
  let stop = () => {}
  const { log, notices } = makeLog({
    onPaused: () => {
      stop = watch(log)
    },
    onResumed: () => stop()
  })
  const pass = (millis: number) => {
    const end = now + millis
    for (;;) {
      const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) {
        break
      }
      timers.splice(timers.indexOf(next), 1)
      now = next.at
      next.call()
    }
    now = end
  }
  const open = (options: typeof handling) => {
    const reader = new Reader(options, undefined)
    reader.attach(log)
    return reader
  }
  return { log, notices, open, pass, timers, session: makeSession() }
}

describe("a log whose socket is paused", () => {
  it("drops events without a reader after drainTimeout, exactly", () => {
    const { log, notices, pass, session } = make()
    append(log, session, 4)
    pass(drainTimeoutMillis - 1)
    assert.deepStrictEqual([log.backpressure.isPaused, notices], [true, []])
    pass(1)
    assert.deepStrictEqual([log.backpressure.isPaused, notices], [
      false,
      [Diagnostic.Abandoned({ reader: "a reader, and there has been none", events: 4 })]
    ])
  })

  it("reports a full reader after 5 s of another's waiting, exactly, and then at doubled intervals", () => {
    const { log, notices, open, pass, session } = make()
    open(handling)
    const other = open(streaming)
    append(log, session, 4)
    read(other)
    other.onAvailable(() => {})
    const stalled = (seconds: number) =>
      Diagnostic.Stalled({ reader: "a handler", events: 4, waited: Duration.seconds(seconds) })
    pass(4_999)
    assert.deepStrictEqual(notices, [])
    pass(1)
    assert.deepStrictEqual(notices, [stalled(5)])
    pass(4_999)
    pass(1)
    assert.deepStrictEqual(notices, [stalled(5), stalled(10)])
    pass(10_000)
    assert.deepStrictEqual(notices, [stalled(5), stalled(10), stalled(20)])
  })

  it("reports nothing while no other reader waits", () => {
    const { log, notices, open, pass, session } = make()
    open(handling)
    open(streaming)
    append(log, session, 4)
    pass(60_000)
    assert.deepStrictEqual([log.backpressure.isPaused, notices], [true, []])
  })

  for (const isCalled of [true, false]) {
    it(`${isCalled ? "keeps" : "closes"} a reader of single events ${isCalled ? "with" : "without"} a new call`, () => {
      const { log, notices, open, pass, session } = make()
      let calls = 1
      let hasEnded = false
      const single = open(handling)
      single.idle = {
        calls: () => calls,
        close: () => {
          hasEnded = true
          single.close()
        }
      }
      const other = open(streaming)
      append(log, session, 4)
      read(other)
      other.onAvailable(() => {})
      calls += isCalled ? 1 : 0
      pass(5_000)
      assert.deepStrictEqual([hasEnded, log.backpressure.isPaused, notices.length], [
        !isCalled,
        isCalled,
        isCalled ? 1 : 0
      ])
    })
  }

  it("leaves no timer once it is resumed", () => {
    const { log, open, session, timers } = make()
    const reader = open(handling)
    append(log, session, 4)
    assert.strictEqual(timers.length, 2)
    read(reader)
    assert.deepStrictEqual([timers, log.backpressure.isPaused], [[], false])
  })
})
