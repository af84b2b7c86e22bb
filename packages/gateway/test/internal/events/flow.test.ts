import { assert, describe, it } from "@effect/vitest"
import { Flow } from "../../../src/internal/events/log/flow.js"

const make = () => {
  const calls: Array<string> = []
  const flow = new Flow(() => calls.push("onPaused"), () => calls.push("onResumed"))
  const source = (name: string) => ({
    pause: () => calls.push(`pause ${name}`),
    resume: () => calls.push(`resume ${name}`)
  })
  return { calls, flow, source }
}

const [a, b] = [{ name: "a" }, { name: "b" }]

describe("the flow of a log", () => {
  it("is paused from its first full holder until the last one has room", () => {
    const { calls, flow, source } = make()
    flow.setSource(source("socket"))
    flow.add(a)
    flow.add(b)
    flow.add(a)
    assert.deepStrictEqual([flow.isPaused, flow.holders], [true, [a, b]])
    flow.remove(a)
    flow.remove(a)
    assert.deepStrictEqual([flow.isPaused, flow.holders], [true, [b]])
    flow.remove(b)
    assert.isFalse(flow.isPaused)
    assert.deepStrictEqual(calls, ["pause socket", "onPaused", "resume socket", "onResumed"])
  })

  it("pauses the socket of the next connection too", () => {
    const { calls, flow, source } = make()
    flow.add(a)
    flow.setSource(source("first"))
    flow.setSource(undefined)
    flow.setSource(source("second"))
    flow.remove(a)
    assert.deepStrictEqual(calls, ["onPaused", "pause first", "pause second", "resume second", "onResumed"])
  })

  it("calls for nothing where a holder that is not full is removed", () => {
    const { calls, flow, source } = make()
    flow.setSource(source("socket"))
    flow.remove(a)
    assert.deepStrictEqual(calls, [])
  })
})
