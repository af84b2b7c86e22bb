/**
 * `npm run soak -- --minutes 10 --shards 200`: a fleet on real sockets under load, with the session ends, reconnects and
 * drops of a long life; is memory flat?
 */
import * as Fleet from "@vesper/gateway/Fleet"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { parseArgs } from "node:util"
import * as Arena from "./arena.js"
import * as Measure from "./measure.js"
import * as Plan from "./plan.js"
import * as Watch from "./watch.js"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    shards: { type: "string", default: "200" },
    events: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" }
  }
})
const minutes = Number(values.minutes)
const shards = Number(values.shards)
const eventsPerTick = Math.ceil(Number(values.events) / 20)

// Heartbeats as often as a run of minutes needs them to count.
const speed = { heartbeatInterval: 5_000, handshake: 10_000, backoffMax: 2_000 }
const allowedGrowth = 0.05

/** The faults of a week, in a few minutes. */
const faults: ReadonlyArray<Fault.Fault> = [
  Fault.Drop(),
  Fault.Reconnect(),
  Fault.InvalidSession({ resumable: false }),
  Fault.Close({ code: 4000, reason: "" }),
  Fault.ResetMidFrame()
]

const problems: Array<string> = []
process.on("unhandledRejection", (cause) => problems.push(`unhandled rejection: ${String(cause)}`))

const soak = Effect.gen(function*() {
  const simulator = yield* GatewaySimulator.GatewaySimulator
  const watch = Watch.make(simulator)
  yield* Effect.forkScoped(watch.run)
  const fleet = yield* Fleet.make({ shards: { total: shards } })
  let [sent, received] = [0, 0]
  yield* Effect.forkScoped(fleet.runForEach(() => Effect.sync(() => received++), { concurrency: 1 }))
  yield* Effect.timeout(fleet.awaitReady, "2 minutes")
  const chance = Plan.random(Number(values.seed))
  const traffic = Effect.suspend(() => {
    sent += eventsPerTick
    return Effect.forEach(
      Array.from({ length: eventsPerTick }),
      // Not numbered: a ledger of all events would be the growth that is looked for.
      () => simulator.dispatch({ t: "TYPING_START", d: { at: sent }, shard: Math.floor(chance() * shards) }),
      { discard: true }
    )
  })
  const disturb = Effect.suspend(() =>
    simulator.inject(faults[Math.floor(chance() * faults.length)] ?? Fault.Drop(), {
      shard: Math.floor(chance() * (shards - 1))
    })
  )
  yield* Effect.forkScoped(Effect.repeat(traffic, Schedule.fixed(50)))
  yield* Effect.forkScoped(Effect.repeat(disturb, Schedule.fixed(1_000)))
  // The first fifth fills buffers, caches and compiled code.
  const samples: Array<ReturnType<typeof Measure.memory>> = []
  yield* Effect.sleep(minutes * 12_000)
  const every = minutes * 48_000 / 24
  yield* Effect.repeat(
    Effect.sync(() => {
      const sample = Measure.memory()
      samples.push(sample)
      console.log(`${Measure.mebibytes(sample.heap)} heap, ${Measure.mebibytes(sample.rss)} rss`)
    }),
    Schedule.intersect(Schedule.spaced(every), Schedule.recurs(23))
  )
  return { samples, sent, received, watch }
})

const { received, samples, sent, watch } = await Effect.runPromise(
  soak.pipe(
    Effect.scoped,
    Effect.provide(NodeDecompressor.layerZlib()),
    Effect.provide(
      Arena.layer({ shards, maxConcurrency: shards, speed, heartbeatTolerance: "1 minute", replayLimit: 100 })
    )
  )
)
const mean = (all: ReadonlyArray<number>) => all.reduce((sum, one) => sum + one, 0) / Math.max(1, all.length)
const heaps = samples.map(({ heap }) => heap)
const third = Math.floor(heaps.length / 3)
const [first, last] = [mean(heaps.slice(0, third)), mean(heaps.slice(-third))]
const growth = last / first - 1
const { identified, resumed } = watch.counts()
console.log(`${minutes} minutes, ${shards} shards, ${sent} events sent, ${received} received`)
console.log(`${identified} identified, ${resumed} resumed, ${watch.violations.length} violations`)
console.log(
  `heap ${Measure.mebibytes(first)} in the first third, ${Measure.mebibytes(last)} in the last: ` +
    `${(growth * 100).toFixed(1)}%`
)
if (growth > allowedGrowth) {
  problems.push(`memory grew by ${(growth * 100).toFixed(1)}%`)
}
problems.push(...watch.violations)
for (const problem of new Set(problems)) {
  console.log(`PROBLEM ${problem}`)
}
process.exitCode = problems.length > 0 ? 1 : 0
