import { assert, describe, it } from "@effect/vitest"
import * as Throttle from "../../../src/internal/log/throttle.js"

const day = 24 * 60 * 60_000

/** Lines written and lines counted as omitted, of a line each so many milliseconds. */
const play = (every: number, until: number) => {
  const throttle = Throttle.make()
  let [written, omitted, seen] = [0, 0, 0]
  for (let now = 0; now < until; now += every) {
    const taken = throttle.unsafeTake("Gap", now)
    seen++
    written += taken === undefined ? 0 : 1
    omitted += taken ?? 0
  }
  return { written, omitted, seen }
}

describe("a log throttle", () => {
  it("writes some lines of a flood and counts the others", () => {
    const { seen, written } = play(0.1, 10_000)
    assert.strictEqual(seen, 100_000)
    assert.isAtMost(written, 5)
  })

  it("writes about one line in half an hour of a day, and loses none in the count", () => {
    const { omitted, seen, written } = play(1_000, day)
    assert.isAtMost(written, 60)
    assert.isAtMost(seen - written - omitted, 1_800)
  })

  it("writes each line of a kind that is rare", () => {
    const { seen, written } = play(60 * 60_000, day)
    assert.strictEqual(written, seen)
  })

  it("writes another kind at once", () => {
    const throttle = Throttle.make()
    for (let i = 0; i < 10; i++) {
      throttle.unsafeTake("Gap", i)
    }
    assert.strictEqual(throttle.unsafeTake("Failure", 10), 0)
  })

  it("keeps no more than 64 kinds apart", () => {
    const throttle = Throttle.make()
    let written = 0
    for (let i = 0; i < 10_000; i++) {
      written += throttle.unsafeTake(`kind ${i}`, 0) === undefined ? 0 : 1
    }
    assert.isAtMost(written, 68)
  })
})
