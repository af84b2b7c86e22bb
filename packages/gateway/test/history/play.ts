/** Plays a history in virtual time and returns the violations. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import type * as LogEntry from "@vesper/testing/LogEntry"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import { layer } from "../harness.js"
import * as Budget from "./ledger.js"
import type { History, Step } from "./step.js"

export interface Report {
  readonly problems: ReadonlyArray<string>
  readonly faults: number
  readonly sent: number
  readonly delivered: number
  readonly resumed: number
  readonly identified: number
}

/** A simulated process: a shard and its reader in one scope. */
interface Process {
  readonly shard: Shard.Shard
  readonly scope: Scope.CloseableScope
}

interface HistoryShard {
  readonly id: ShardId.ShardId
  readonly process: Ref.Ref<Process>
  /** Time of the program for each event. */
  millisPerEvent: number
}

const compression = {
  none: Layer.empty,
  zlib: NodeDecompressor.layerZlib(),
  zstd: NodeDecompressor.layerZstd()
}

const environment = (history: History) =>
  Layer.mergeAll(
    layer({
      maxConcurrency: history.maxConcurrency,
      // Saves each second would be the largest part of the cost of a long wait.
      config: { eventBufferSize: history.bufferSize, acknowledge: history.acknowledge, saveInterval: "30 seconds" },
      simulator: { maxConcurrency: history.maxConcurrency, latency: history.latency }
    }),
    compression[history.compression],
    SessionStore.layerMemory
  )

const readNumber = (d: unknown): number | undefined =>
  Predicate.hasProperty(d, "number") && typeof d.number === "number" ? d.number : undefined

const findConnections = (log: ReadonlyArray<LogEntry.LogEntry>, shard: number) => {
  const open = new Map<number, number>()
  let lastChange = 0
  for (const entry of log) {
    if (entry.shard === shard && (entry._tag === "Identified" || entry._tag === "Resumed")) {
      open.set(entry.connection, entry.at)
      lastChange = entry.at
    } else if (entry._tag === "Closed" && open.delete(entry.connection)) {
      lastChange = entry.at
    }
  }
  return { isOpen: open.size > 0, lastChange }
}

export const play = (history: History): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const supervisor = yield* Supervisor.track
    return yield* live(history, clock, supervisor).pipe(
      Effect.scoped,
      Effect.provide(environment(history)),
      Effect.withRandom(Random.make(history.seed)),
      clock.run,
      Effect.orDie
    )
  })

const live = (
  history: History,
  clock: VirtualClock.VirtualClock,
  supervisor: Supervisor.Supervisor<ReadonlyArray<unknown>>
) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const ledger = Budget.make()
    const problems: Array<string> = []
    let events = 0
    let faults = 0
    const commands: Array<Fiber.RuntimeFiber<void>> = []
    const pending = () => commands.filter((fiber) => fiber.unsafePoll() === null).length

    /** Records an event at its receipt or after it was handled, as the mode of acknowledgement requires. */
    const handle = (member: HistoryShard) => (event: { readonly d: unknown }) => {
      const number = readNumber(event.d)
      const note = Effect.sync(() => {
        if (number !== undefined) {
          ledger.delivered(member.id.id, number)
        }
      })
      const work = Effect.suspend(() => member.millisPerEvent > 0 ? Effect.sleep(member.millisPerEvent) : Effect.void)
      return history.acknowledge === "onReceive" ? Effect.zipRight(note, work) : Effect.zipRight(work, note)
    }

    /** Reads until the shard is closed permanently. Continues when the program closes and connects it. */
    const read = (member: HistoryShard, shard: Shard.Shard) =>
      shard.runForEach(handle(member)).pipe(
        Effect.zipRight(Effect.sleep("10 millis")),
        Effect.forever,
        Effect.ignore
      )

    const startProcess = (id: ShardId.ShardId, member: () => HistoryShard) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const shard = yield* Shard.make(id).pipe(Effect.supervised(supervisor), Scope.extend(scope))
        yield* Effect.forkIn(Effect.suspend(() => read(member(), shard)), scope)
        yield* shard.connect
        return { scope, shard }
      })

    const members = yield* Effect.forEach(ShardId.all(history.shards), (id) =>
      Effect.gen(function*() {
        const holder: { member: HistoryShard | undefined } = { member: undefined }
        const started = yield* startProcess(id, () => {
          if (holder.member === undefined) {
            throw new Error("the reader runs after its shard was made")
          }
          return holder.member
        })
        const member: HistoryShard = { id, process: yield* Ref.make<Process>(started), millisPerEvent: 0 }
        holder.member = member
        return member
      }))

    const currentShard = (member: HistoryShard) => Effect.map(Ref.get(member.process), ({ shard }) => shard)

    const endProcess = (member: HistoryShard) =>
      Effect.gen(function*() {
        const { scope, shard } = yield* Ref.get(member.process)
        yield* Scope.close(scope, Exit.void)
        const status = yield* shard.status
        if (!ShardStatus.isDisconnected(status) && !ShardStatus.isFatallyClosed(status)) {
          problems.push(`the scope of shard ${member.id.id} is closed, and its status is ${status._tag}`)
        }
      })

    const restart = (member: HistoryShard) =>
      Effect.zipRight(
        endProcess(member),
        Effect.flatMap(startProcess(member.id, () => member), (process) => Ref.set(member.process, process))
      )

    const reviveIfStopped = (member: HistoryShard) =>
      Effect.flatMap(
        Effect.flatMap(currentShard(member), ({ status }) => status),
        (status) => ShardStatus.isFatallyClosed(status) ? restart(member) : Effect.void
      )

    const dispatch = (member: HistoryShard) =>
      Effect.gen(function*() {
        const number = ++events
        const sessions = yield* simulator.sessions
        if ((yield* simulator.dispatch({ t: "TYPING_START", d: { number }, shard: member.id.id })) > 0) {
          ledger.sent(member.id.id, number, sessions)
        }
      })

    const command = (member: HistoryShard, kind: "voice" | "presence", n: number) =>
      Effect.gen(function*() {
        const shard = yield* currentShard(member)
        const { scope } = yield* Ref.get(member.process)
        const payload = kind === "presence"
          ? { op: 3, d: { since: null, activities: [], status: n % 2 === 0 ? "idle" : "online", afk: false } }
          : { op: 4, d: { guild_id: String(n), channel_id: null, self_mute: false, self_deaf: false } }
        commands.push(yield* Effect.forkIn(Effect.ignore(shard.send(JSON.stringify(payload))), scope))
      })

    const take = (step: Step) =>
      Effect.gen(function*() {
        if (step._tag === "Wait") {
          yield* Effect.sleep(step.millis)
          return
        }
        const member = members[step.shard % members.length]
        if (member === undefined) {
          return
        }
        switch (step._tag) {
          case "Traffic":
            yield* Effect.repeatN(dispatch(member), step.count - 1)
            return
          case "Fault": {
            // Without compression, damaged text cannot be distinguished from a malformed event.
            if (step.fault._tag !== "Corrupt" || history.compression !== "none") {
              faults++
              yield* simulator.inject(step.fault, { shard: member.id.id })
            }
            return
          }
          case "Commands":
            yield* Effect.forEach(Array.from({ length: step.count }, (_, i) => i), (n) => command(member, step.kind, n))
            return
          case "Slow":
            member.millisPerEvent = step.millis
            return
          case "Close": {
            const shard = yield* currentShard(member)
            yield* shard.close(CloseFrame.fromIntent(step.intent))
            yield* shard.connect
            return
          }
          case "Restart":
            yield* restart(member)
        }
      })

    /** Compares the status with the connections of the gateway, if neither has changed for a while. */
    const checkStatus = (member: HistoryShard) =>
      Effect.gen(function*() {
        const status = yield* Effect.flatMap(currentShard(member), (shard) => shard.status)
        const { isOpen, lastChange } = findConnections(yield* simulator.log, member.id.id)
        const isSettled = (yield* Clock.currentTimeMillis) - lastChange > 2_000
        if (member.millisPerEvent === 0 && isSettled && !isOpen && ShardStatus.isConnected(status)) {
          problems.push(`shard ${member.id.id} says Connected, and the gateway has no session of it`)
        }
      })

    const isQuiet = Effect.gen(function*() {
      const statuses = yield* Effect.forEach(members, (member) => Effect.flatMap(currentShard(member), (s) => s.status))
      return statuses.every(ShardStatus.isConnected) && pending() === 0
    })

    for (const step of history.steps) {
      yield* take(step)
      yield* Effect.forEach(members, checkStatus)
    }

    // Rules for later connections apply and half-open connections are detected. Then each shard must recover.
    for (const member of members) {
      member.millisPerEvent = 0
    }
    yield* Effect.sleep("3 minutes")
    for (let minutes = 0; minutes < 240 && !(yield* isQuiet); minutes++) {
      yield* Effect.forEach(members, reviveIfStopped)
      yield* Effect.sleep("1 minute")
    }
    yield* Effect.forEach(members, dispatch)
    yield* Effect.sleep("1 minute")
    for (const member of members) {
      const status = yield* Effect.flatMap(currentShard(member), (shard) => shard.status)
      if (!ShardStatus.isConnected(status)) {
        problems.push(`shard ${member.id.id} never came back: ${status._tag}`)
      }
    }
    if (pending() > 0) {
      problems.push(`${pending()} commands were never written`)
    }
    const alive = (yield* simulator.sessions).filter(({ isConnected }) => isConnected).map(({ id }) => id)
    problems.push(...ledger.problems(new Set(alive)))
    problems.push(
      // The guilds of the commands are made up.
      ...(yield* simulator.violations).filter(({ rule }) => rule !== "UnknownGuild")
        .map(({ detail, rule }) => `${rule}: ${detail}`)
    )

    yield* Effect.forEach(members, endProcess)
    yield* Effect.sleep("1 millis")
    const left = {
      fibers: (yield* supervisor.value).length,
      timers: yield* clock.sleeping,
      connections: yield* simulator.connections
    }
    for (const [what, count] of Object.entries(left)) {
      if (count > 0) {
        problems.push(`${count} ${what} are left`)
      }
    }
    const log = yield* simulator.log
    return {
      problems,
      faults,
      ...ledger.counts(),
      resumed: log.filter(({ _tag }) => _tag === "Resumed").length,
      identified: log.filter(({ _tag }) => _tag === "Identified").length
    }
  })
