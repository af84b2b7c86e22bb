/**
 * `npm run chaos -- --seed 1 --minutes 1`: shards on real sockets, and everything that can go wrong, in an order that
 * follows from the seed. What must hold is looked at all the time; what does not is printed with the seed, and the exit
 * code is 1.
 */
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Opcode from "@vesper/model/Opcode"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Supervisor from "effect/Supervisor"
import { parseArgs } from "node:util"
import * as Arena from "./arena.js"
import * as Hosts from "./hosts.js"
import * as Measure from "./measure.js"
import * as Plan from "./plan.js"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    minutes: { type: "string", default: "1" },
    shards: { type: "string", default: "16" },
    events: { type: "string", default: "200" },
    faults: { type: "string", default: "4" }
  }
})
const seed = Number(values.seed)
const seconds = Number(values.minutes) * 60
const shards = Number(values.shards)
// Two shards to a bucket, so that they must take turns.
const options: Arena.Options = {
  shards,
  maxConcurrency: Math.ceil(shards / 2),
  speed: { heartbeatInterval: 7_000, handshake: 1_500, backoffMax: 500 },
  heartbeatTolerance: "20 seconds",
  replayLimit: 1_000
}
// No fault is found out later than by two beats; the rest is for a busy machine.
const graceMillis = options.speed.heartbeatInterval * 2 + 5_000
// More than the 120 of a minute, so that the limit is met.
const commandBurst = 130
// Compiled code, the ledger and the events that the gateway keeps for resumes take up to a quarter by the end of five
// minutes. What a shard once kept of each connection took two fifths.
const allowedGrowth = 0.3

const problems: Array<string> = []
process.on("unhandledRejection", (cause) => problems.push(`unhandled rejection: ${String(cause)}`))
process.on("uncaughtException", (cause) => problems.push(`uncaught exception: ${String(cause)}`))

type Arena = Effect.Effect.Success<ReturnType<typeof Arena.start>>

/** A shard that says something else than the gateway for long does not tell the truth. */
const statusCheck = ({ statuses, watch }: Arena) => {
  const since = new Map<number, number>()
  return Effect.map(statuses, (all) => {
    const now = Date.now()
    for (const { shard, status } of all) {
      if (ShardStatus.isConnected(status) === watch.isOpen(shard)) {
        since.delete(shard)
        continue
      }
      const first = since.get(shard) ?? now
      since.set(shard, first)
      if (now - first > graceMillis) {
        since.delete(shard)
        problems.push(
          `shard ${shard} says ${status._tag}, and the gateway has ${watch.isOpen(shard) ? "its" : "no"} session open`
        )
      }
    }
  })
}

/** Sends more commands than a shard may send; each must be written in the end, or fail with a reason. */
const commanding = ({ fleets }: Arena, chance: () => number) => {
  const counts = { begun: 0, done: 0 }
  const burst = Effect.gen(function*() {
    const all = (yield* Effect.forEach(fleets, (fleet) => fleet.shards)).flat()
    const shard = all[Math.floor(chance() * all.length)]
    if (shard === undefined) {
      return
    }
    for (let n = 1; n <= commandBurst; n++) {
      counts.begun++
      // Each of its own guild, or the newer would take the place of the older.
      const state = { guild_id: String(counts.begun), channel_id: null, self_mute: false, self_deaf: false }
      const send = Effect.ignore(shard.command({ op: Opcode.VoiceStateUpdate, d: state }))
      yield* Effect.forkScoped(Effect.zipRight(send, Effect.sync(() => counts.done++)))
    }
  })
  return { burst, counts }
}

/** Reads the events that the separate process has handled: each once and in order, except those repeated after a kill. */
const readLives = ({ alone, judge, ledger, lives }: Arena) => {
  const positions: Array<number> = []
  const handled = new Set<number>()
  let [newest, repeated] = [0, 0]
  const tell = judge.tell(alone)
  const read = Effect.sync(() => {
    lives.lines().forEach((lines, life) => {
      let last = 0
      lines.forEach((line, i) => {
        const isNew = i >= (positions[life] ?? 0)
        if (line._tag !== "Handled") {
          return isNew ? tell(line) : undefined
        }
        if (isNew && line.number <= last) {
          problems.push(`life ${life} of the process handled event ${line.number} after ${last}`)
        }
        last = line.number
        if (!isNew) {
          return
        }
        if (line.number > newest) {
          newest = line.number
          handled.add(line.number)
          ledger.delivered(alone, line.number)
        } else if (handled.has(line.number)) {
          repeated++
        } else {
          problems.push(`the process handled event ${line.number} only after ${newest}`)
        }
      })
      positions[life] = lines.length
    })
  })
  return { read, repeated: () => repeated }
}

const battle = Effect.gen(function*() {
  const hosts = yield* Hosts.serve
  const arena = yield* Arena.start(options)
  const { alone, judge, ledger, lives, simulator, watch } = arena
  yield* arena.awaitWell("60 seconds")
  const before = Measure.memory()

  const counts = new Map<string, number>()
  const next = Plan.make(seed, shards, hosts)
  const newestSession = () => watch.begun.findLast(({ shard }) => shard === alone)?.session ?? ""
  const restart = (signal: Plan.Signal) =>
    lives.restart(
      signal,
      Effect.sync(() => {
        const session = newestSession()
        if (signal === "SIGKILL" && session !== "" && !lives.isSaved(session)) {
          judge.unsaved(session)
        }
      })
    ).pipe(
      Effect.catchTag("BotFailed", ({ message }) => Effect.sync(() => problems.push(message))),
      Effect.forkScoped
    )
  const strike = Effect.suspend(() => {
    const { faults, name, shard, signal } = next()
    counts.set(name, (counts.get(name) ?? 0) + 1)
    const injected = Effect.forEach(faults, (fault) => simulator.inject(fault, { shard }), { discard: true })
    return signal === undefined ? injected : restart(signal)
  })
  const chance = Plan.random(seed + 1)
  const traffic = Effect.forEach(
    Array.from({ length: Math.ceil(Number(values.events) / 20) }),
    () => arena.send(Math.floor(chance() * shards)),
    { discard: true }
  )
  const commands = commanding(arena, Plan.random(seed + 2))
  const running = yield* Effect.forkScoped(Effect.all([
    Effect.repeat(strike, Schedule.fixed(1000 / Number(values.faults))),
    Effect.repeat(traffic, Schedule.fixed(50)),
    Effect.repeat(commands.burst, Schedule.fixed(10_000)),
    Effect.repeat(Effect.sync(() => process.stdout.isTTY && process.stdout.write(".")), Schedule.fixed(5_000))
  ], { concurrency: "unbounded", discard: true }))
  yield* Effect.forkScoped(Effect.repeat(statusCheck(arena), Schedule.fixed(250)))
  yield* Effect.sleep(seconds * 1000)
  yield* Fiber.interrupt(running)

  // Without faults, every shard must reconnect, and every event that was sent must have been received.
  yield* Effect.sleep(graceMillis)
  yield* Effect.catchAll(arena.awaitWell("90 seconds"), () =>
    Effect.map(arena.statuses, (all) => {
      const away = all.filter(({ status }) => status._tag !== "Connected")
      problems.push(`shards that did not reconnect: ${JSON.stringify(away)}, process ${watch.isOpen(alone)}`)
    }))
  yield* Effect.forEach(Array.from({ length: shards }, (_, i) => i), arena.send)
  const handling = readLives(arena)
  const alive = Effect.map(
    simulator.sessions,
    (all) => new Set(all.filter(({ isConnected }) => isConnected).map(({ id }) => id))
  )
  const settled = Effect.gen(function*() {
    yield* handling.read
    return ledger.problems(yield* alive).length === 0 && commands.counts.done === commands.counts.begun
  })
  yield* Effect.ignore(
    Effect.repeat(Effect.sleep("200 millis"), { until: () => settled }).pipe(Effect.timeout("70 seconds"))
  )
  const ids = yield* alive
  problems.push(...ledger.problems(ids), ...judge.problems(ledger, ids), ...watch.violations)
  if (commands.counts.done < commands.counts.begun) {
    problems.push(`${commands.counts.begun - commands.counts.done} commands were neither written nor refused`)
  }
  const back = Measure.memory()
  if (back.heap > before.heap * (1 + allowedGrowth)) {
    problems.push(`memory grew from ${Measure.mebibytes(before.heap)} to ${Measure.mebibytes(back.heap)}`)
  }
  return {
    before,
    back,
    counts,
    commands: commands.counts,
    events: ledger.counts(),
    ends: judge.ends(ledger, ids),
    repeated: handling.repeated(),
    revivals: arena.revivals(),
    sessions: watch.counts(),
    recoveries: watch.recoveries,
    unreachable: judge.unreachable
  }
})

const program = Effect.gen(function*() {
  const base = Measure.resources()
  const supervisor = yield* Supervisor.track
  const report = yield* Effect.supervised(
    Effect.scoped(Effect.provide(battle, Arena.layer(options))),
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

const report = await Effect.runPromise(program)
const line = (title: string, text: string) => console.log(`${title.padEnd(14)}${text}`)
const faults = Array.from(report.counts.values()).reduce((sum, count) => sum + count, 0)
const sorted = (counts: ReadonlyMap<string, number>) =>
  Array.from(counts).sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => [String(count), name] as const)
console.log(`seed ${seed}, ${seconds} s, ${shards} shards, half of them with zlib-stream and half with zstd-stream`)
for (const [count, name] of sorted(report.counts)) {
  console.log(`  ${count.padStart(5)}  ${name}`)
}
line("faults", `${faults}, of ${report.counts.size} kinds`)
line("events", `${report.events.sent} sent, ${report.events.delivered} delivered, ${report.events.lost} not delivered`)
for (const [end, { events, sessions }] of report.ends) {
  line("", `${events} not delivered, of ${sessions} sessions ${end}`)
}
line("", `${report.repeated} handled again after a kill`)
line("sessions", `${report.sessions.identified} identified, ${report.sessions.resumed} resumed`)
line("", `${report.revivals} shards created again`)
line("commands", `${report.commands.begun} given, ${report.sessions.commands} seen by the gateway`)
line("unreachable", sorted(report.unreachable).map(([count, why]) => `${why} ${count}`).join(", "))
line(
  "recoveries",
  `${report.recoveries.length}: half in ${Measure.percentile(report.recoveries, 0.5)} ms, ` +
    `99% in ${Measure.percentile(report.recoveries, 0.99)} ms, the longest ${Math.max(0, ...report.recoveries)} ms`
)
line(
  "memory",
  `${Measure.mebibytes(report.before.heap)} before, ${Measure.mebibytes(report.back.heap)} when all were back, ` +
    `${Measure.mebibytes(report.after.heap)} when all had ended`
)
for (const problem of new Set(problems)) {
  line("PROBLEM", problem)
}
if (problems.length > 0) {
  console.log(`run it again: npm run chaos -- --seed ${seed} --minutes ${values.minutes} --shards ${shards}`)
}
process.exitCode = problems.length > 0 ? 1 : 0
