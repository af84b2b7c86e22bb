import { assert, describe, it } from "@effect/vitest"
import * as Opcode from "@vesper/model/Opcode"
import * as Fault from "@vesper/testing/Fault"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import * as Fleet from "../../src/Fleet.js"
import * as ShardStatus from "../../src/ShardStatus.js"
import {
  awaitReady,
  brokenPipe,
  entries,
  inject,
  isHeartbeat,
  layer,
  startShard,
  timesReceived,
  withChance,
  withFirstWrite,
  type Write
} from "../harness.js"

const interval = 41_250

type OnWritten = Parameters<Write>[1]

/** The simulated gateway behind a socket with a replaced write of the first heartbeat. */
const layerWith = (onFirstBeat: Write) => Layer.provideMerge(withFirstWrite(isHeartbeat, onFirstBeat), layer())

const failures = [
  {
    how: "is refused",
    write: (_text: string, onWritten: OnWritten) => onWritten(brokenPipe),
    error: "SendingMessageError"
  },
  {
    how: "makes the socket throw",
    write: () => {
      throw new Error("a defect")
    },
    error: "DefectError"
  }
] as const

const occasions = [
  { when: "is due", arrange: TestClock.adjust(interval / 2), at: interval / 2 },
  {
    when: "is asked for",
    arrange: Effect.zipRight(inject(Fault.RequestHeartbeat()), TestClock.adjust(0)),
    at: 0
  }
] as const

describe("a heartbeat that cannot be written", () => {
  for (const { error, how, write } of failures) {
    for (const { arrange, at, when } of occasions) {
      it.scoped(`ends its connection with a ${error} if it ${how} when it ${when}`, () =>
        Effect.gen(function*() {
          const shard = yield* startShard
          yield* awaitReady(shard)
          const failed = yield* shard.diagnostics.pipe(
            Stream.filterMap((one) => one._tag === "Failure" ? Option.some(one.error._tag) : Option.none()),
            Stream.runHead,
            Effect.fork
          )
          yield* TestClock.adjust(0)
          yield* arrange
          assert.deepStrictEqual(yield* Fiber.join(failed), Option.some(error))
          yield* TestClock.adjust("10 seconds")
          assert.deepStrictEqual((yield* entries("Closed")).map((closed) => [closed.at, closed.by]), [[at, "client"]])
          assert.isTrue(ShardStatus.isConnected(yield* shard.status))
        }).pipe(withChance(0.5), Effect.provide(layerWith(write))))
    }
  }
})

describe("a heartbeat that is being written when its connection ends", () => {
  /** Completes the write later. */
  const hanging = () => {
    let onWritten: OnWritten = () => {
      throw new Error("nothing was written")
    }
    return {
      write: (_text: string, written: OnWritten) => {
        onWritten = written
      },
      settle: (result: Parameters<OnWritten>[0]) => Effect.sync(() => onWritten(result))
    }
  }

  for (const [what, result] of [["succeeds", Either.void], ["fails", brokenPipe]] as const) {
    const first = hanging()
    it.scoped(`is of no concern to the next connection, if it ${what} only then`, () =>
      Effect.gen(function*() {
        const shard = yield* startShard
        yield* awaitReady(shard)
        yield* TestClock.adjust(interval / 2)
        yield* inject(Fault.Drop())
        yield* TestClock.adjust("10 seconds")
        yield* first.settle(result)
        yield* TestClock.adjust(3 * interval)
        assert.deepStrictEqual((yield* entries("Closed")).map(({ by }) => by), ["network"])
        assert.isTrue(ShardStatus.isConnected(yield* shard.status))
      }).pipe(withChance(0.5), Effect.provide(layerWith(first.write))))

    const second = hanging()
    it.effect(`leaves nothing behind with the shard's scope, if it ${what} only then`, () =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.track
        const scope = yield* Scope.make()
        const shard = yield* startShard.pipe(Effect.supervised(supervisor), Scope.extend(scope))
        yield* awaitReady(shard)
        yield* TestClock.adjust(interval / 2)
        yield* Scope.close(scope, Exit.void)
        yield* second.settle(result)
        yield* TestClock.adjust(3 * interval)
        assert.strictEqual((yield* supervisor.value).length, 0)
        assert.strictEqual((yield* shard.status)._tag, "Disconnected")
        assert.strictEqual((yield* entries("Opened")).length, 1)
      }).pipe(withChance(0.5), Effect.provide(layerWith(second.write))))
  }
})

/** Counts forked fibers. */
class Forks extends Supervisor.AbstractSupervisor<number> {
  private count = 0
  override readonly value = Effect.sync(() => this.count)
  override onStart() {
    this.count++
  }
}

describe("a fleet that idles", () => {
  for (const total of [1, 7]) {
    it.scoped(`forks no fiber for the heartbeats of ${total}`, () =>
      Effect.gen(function*() {
        const forks = new Forks()
        yield* Effect.gen(function*() {
          const fleet = yield* Fleet.make({ shards: { total } })
          yield* Effect.forkScoped(Effect.forever(fleet.nextEvent))
        }).pipe(Effect.supervised(forks))
        yield* TestClock.adjust(interval)
        const before = yield* forks.value
        assert.isAbove(before, total)
        yield* TestClock.adjust(10 * interval)
        assert.strictEqual((yield* timesReceived(Opcode.Heartbeat)).length, 11 * total)
        assert.strictEqual((yield* entries("Closed")).length, 0)
        assert.strictEqual(yield* forks.value, before)
      }).pipe(withChance(0.5), Effect.provide(layer({ maxConcurrency: 16, simulator: { maxConcurrency: 16 } }))))
  }
})
