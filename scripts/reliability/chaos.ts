/**
 * `npm run chaos -- --seed 1 --minutes 1`: a fleet on real sockets, and everything that can go wrong, in an order that
 * follows from the seed. What must hold is looked at all the time; what does not is printed with the seed, and the exit
 * code is 1.
 */
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Supervisor from "effect/Supervisor"
import { parseArgs } from "node:util"
import * as Arena from "./arena.js"
import * as Measure from "./measure.js"
import * as Plan from "./plan.js"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    minutes: { type: "string", default: "1" },
    shards: { type: "string", default: "16" },
    events: { type: "string", default: "200" },
    faults: { type: "string", default: "4" },
    compression: { type: "string", default: "auto" }
  }
})
const seed = Number(values.seed)
const seconds = Number(values.minutes) * 60
const shards = Number(values.shards)
const compressions = ["none", "zlib-stream", "zstd-stream", "auto"] as const
const compression = compressions.find((name) => name === values.compression) ?? "auto"

const speed = { heartbeatInterval: 2_000, handshake: 1_500, backoffMax: 500 }
// No fault is found out later than by two beats; the rest is for a busy machine.
const graceMillis = speed.heartbeatInterval * 2 + 5_000

const problems: Array<string> = []
process.on("unhandledRejection", (cause) => problems.push(`unhandled rejection: ${String(cause)}`))
process.on("uncaughtException", (cause) => problems.push(`uncaught exception: ${String(cause)}`))

const battle = Effect.gen(function*() {
  const arena = yield* Arena.start(shards)
  const log = Arena.watch(arena.simulator)
  yield* Effect.forkScoped(log.run)
  const counts = new Map<string, number>()

  /** A shard that says Connected while the gateway has had no session of it for long does not tell the truth. */
  const checkStatuses = Effect.map(arena.statuses, (all) => {
    const now = Date.now()
    for (const { shard, status } of all) {
      const lostAt = log.lostAt.get(shard)
      if (ShardStatus.isConnected(status) && lostAt !== undefined && now - lostAt > graceMillis) {
        problems.push(`shard ${shard} has said Connected for ${now - lostAt} ms, and is not`)
      }
    }
  })

  yield* arena.awaitWell("30 seconds")
  const before = Measure.memory()

  const next = Plan.make(seed, shards)
  const strike = Effect.suspend(() => {
    const { faults, name, shard } = next()
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return Effect.forEach(faults, (fault) => arena.simulator.inject(fault, { shard }), { discard: true })
  })
  const chance = Plan.random(seed + 1)
  const traffic = Effect.forEach(
    Array.from({ length: Math.ceil(Number(values.events) / 20) }),
    () => arena.send(Math.floor(chance() * shards)),
    { discard: true }
  )
  const running = yield* Effect.forkScoped(Effect.all([
    Effect.repeat(strike, Schedule.fixed(1000 / Number(values.faults))),
    Effect.repeat(traffic, Schedule.fixed(50)),
    Effect.repeat(checkStatuses, Schedule.fixed(250)),
    Effect.repeat(Effect.sync(() => process.stdout.isTTY && process.stdout.write(".")), Schedule.fixed(5_000))
  ], { concurrency: "unbounded", discard: true }))
  yield* Effect.sleep(seconds * 1000)
  yield* Fiber.interrupt(running)

  // Then all is quiet: everybody must come back, and what was sent must have come.
  yield* Effect.sleep(graceMillis)
  const isBack = yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => arena.isWell }).pipe(
    Effect.timeoutOption("60 seconds")
  )
  if (isBack._tag === "None") {
    const all = yield* arena.statuses
    problems.push(`not everybody came back: ${JSON.stringify(all.filter(({ status }) => status._tag !== "Connected"))}`)
  }
  yield* Effect.forEach(Array.from({ length: shards }, (_, i) => i), arena.send)
  const alive = Effect.map(
    arena.simulator.sessions,
    (all) => new Set(all.filter(({ isConnected }) => isConnected).map(({ id }) => id))
  )
  const settled = Effect.map(alive, (ids) => arena.ledger.problems(ids).length === 0)
  yield* Effect.ignore(
    Effect.repeat(Effect.sleep("100 millis"), { until: () => settled }).pipe(Effect.timeout("10 seconds"))
  )
  problems.push(...arena.ledger.problems(yield* alive), ...log.violations)
  const ids = yield* alive
  // A shard gives a session up whose resumes fail again and again though something answers; the gateway still has it.
  const lost = Array.from(arena.ledger.lost()).filter(([session]) => !ids.has(session) && !log.ended.has(session))
  const givenUp = lost.reduce((sum, [, count]) => sum + count, 0)
  return { before, counts, givenUp, ledger: arena.ledger, log, revivals: arena.revivals() }
})

const program = Effect.gen(function*() {
  const base = Measure.resources()
  const supervisor = yield* Supervisor.track
  const report = yield* Effect.supervised(
    Effect.scoped(Effect.provide(battle, Arena.layer({ shards, speed, compression, replayLimit: 1_000 }))),
    supervisor
  )
  yield* Effect.sleep("500 millis")
  const left = { ...Measure.resources(), fibers: (yield* supervisor.value).length }
  if (left.fibers > 0) {
    problems.push(`${left.fibers} fibers are left`)
  }
  if (left.sockets > base.sockets) {
    problems.push(`${left.sockets - base.sockets} sockets are left`)
  }
  // The one that this program itself waits by.
  if (left.timers > base.timers + 1) {
    problems.push(`${left.timers - base.timers - 1} timers are left`)
  }
  return { ...report, after: Measure.memory() }
})

const { after, before, counts, givenUp, ledger, log, revivals } = await Effect.runPromise(program)
const { lost, delivered, sent } = ledger.counts()
const { identified, resumed } = log.counts()
const faults = Array.from(counts.values()).reduce((sum, count) => sum + count, 0)
console.log(`seed ${seed}, ${seconds} s, ${shards} shards, compression ${compression}`)
for (const [name, count] of Array.from(counts).sort(([a], [b]) => a.localeCompare(b))) {
  console.log(`  ${String(count).padStart(5)}  ${name}`)
}
console.log(`faults        ${faults}, of ${counts.size} kinds`)
console.log(
  `events        ${sent} sent, ${delivered} delivered, ${
    lost - givenUp
  } gone with a session that the gateway had ended, ` +
    `${givenUp} with one that a shard gave up after its resumes had failed`
)
console.log(`sessions      ${identified} identified, ${resumed} resumed, ${revivals} shards made anew`)
console.log(
  `recoveries    ${log.recoveries.length}: half in ${Measure.percentile(log.recoveries, 0.5)} ms, ` +
    `99% in ${Measure.percentile(log.recoveries, 0.99)} ms, the longest ${Math.max(0, ...log.recoveries)} ms`
)
console.log(`memory        ${Measure.mebibytes(before.heap)} before, ${Measure.mebibytes(after.heap)} after`)
for (const problem of new Set(problems)) {
  console.log(`PROBLEM       ${problem}`)
}
if (problems.length > 0) {
  console.log(`run it again: npm run chaos -- --seed ${seed} --minutes ${values.minutes} --shards ${shards}`)
}
process.exitCode = problems.length > 0 ? 1 : 0
