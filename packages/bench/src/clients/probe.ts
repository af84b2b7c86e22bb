/** Measurements in the process of a client. */
import * as Order from "./order.js"
import { type ClientJob, type ClientMessage, expected } from "../runs/protocol.js"

export const job: ClientJob = JSON.parse(process.argv[2] ?? "{}")

export const report = (message: ClientMessage) => process.send?.(message)

/** The part of the events before the measurement, in which code is compiled and the heap reaches its size. */
const warmUp = 1 / 3

/** Events of all readers of this process, and the number of them that are the warm-up. */
const all = expected(job)
const first = Math.floor(all * warmUp)
let received = 0
let disorder = 0
let cpu = process.cpuUsage()
let started = performance.now()

const finish = () => {
  const { system, user } = process.cpuUsage(cpu)
  report({
    _tag: "Measured",
    measured: {
      cpu: (user + system) / (1 - warmUp),
      wall: (performance.now() - started) / (1 - warmUp),
      received,
      disorder,
      peak: process.resourceUsage().maxRSS * 1024
    }
  })
}

/**
 * Counts the events of one reader by their sequence numbers, measures from the end of the warm-up to the last event of all
 * readers, and reports the result. A reader calls it once an event: it is the no-op handler of the targets.
 */
export const make = () => {
  const follows = Order.make(job)
  return (s: number) => {
    if (s === 1) {
      return
    }
    if (!follows(s)) {
      disorder++
    }
    received++
    if (received === first) {
      cpu = process.cpuUsage()
      started = performance.now()
    }
    if (received === all) {
      finish()
    }
  }
}

process.on("uncaughtException", (error) => {
  report({ _tag: "Failed", message: error.stack ?? String(error) })
  process.exit(1)
})
process.on("disconnect", () => process.exit())

/** Reports the resources of the process on request. "collect" runs the garbage collector first if it is exposed. */
process.on("message", (message) => {
  if (message === "sample" || message === "collect") {
    const { system, user } = process.cpuUsage()
    if (message === "collect") {
      globalThis.gc?.()
      globalThis.gc?.()
    }
    const { arrayBuffers, external, heapUsed, rss } = process.memoryUsage()
    report({ _tag: "Sample", rss, heap: heapUsed + external + arrayBuffers, cpu: user + system })
  }
})
