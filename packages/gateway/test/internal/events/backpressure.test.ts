import { assert, describe, it } from "@effect/vitest"
import { Backpressure } from "../../../src/internal/events/log/backpressure.js"

const make = () => {
  const calls: Array<string> = []
  const backpressure = new Backpressure(() => calls.push("onPaused"), () => calls.push("onResumed"))
  const socket = (name: string) => ({
    pause: () => calls.push(`pause ${name}`),
    resume: () => calls.push(`resume ${name}`)
  })
  return { backpressure, calls, socket }
}

const [a, b] = [{ name: "a" }, { name: "b" }]

describe("back-pressure", () => {
  it("is paused from its first full holder until the last one has room", () => {
    const { backpressure, calls, socket } = make()
    backpressure.setSocket(socket("socket"))
    backpressure.add(a)
    backpressure.add(b)
    backpressure.add(a)
    assert.deepStrictEqual([backpressure.isPaused, backpressure.holders], [true, [a, b]])
    backpressure.remove(a)
    backpressure.remove(a)
    assert.deepStrictEqual([backpressure.isPaused, backpressure.holders], [true, [b]])
    backpressure.remove(b)
    assert.isFalse(backpressure.isPaused)
    assert.deepStrictEqual(calls, ["pause socket", "onPaused", "resume socket", "onResumed"])
  })

  it("pauses the socket of the next connection too", () => {
    const { backpressure, calls, socket } = make()
    backpressure.add(a)
    backpressure.setSocket(socket("first"))
    backpressure.setSocket(undefined)
    backpressure.setSocket(socket("second"))
    backpressure.remove(a)
    assert.deepStrictEqual(calls, ["onPaused", "pause first", "pause second", "resume second", "onResumed"])
  })

  it("does nothing when a holder that is not full is removed", () => {
    const { backpressure, calls, socket } = make()
    backpressure.setSocket(socket("socket"))
    backpressure.remove(a)
    assert.deepStrictEqual(calls, [])
  })
})
