import { assert, describe, it } from "@effect/vitest"
import type * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as NodeCluster from "../src/NodeCluster.js"
import * as SqlIdentifyQueue from "../src/SqlIdentifyQueue.js"
import * as Trial from "./proof/trial.js"

/** The queues of two runners, on one database. */
const withTwo = <A>(
  options: SqlIdentifyQueue.Options,
  use: (queues: ReadonlyArray<IdentifyQueue.IdentifyQueue>) => Effect.Effect<A>
) =>
  Effect.flatMap(
    Trial.scratch,
    (folder) =>
      Effect.all([SqlIdentifyQueue.make(options), SqlIdentifyQueue.make(options)]).pipe(
        Effect.flatMap(use),
        Effect.provide(NodeCluster.layerSqlite(`${folder}/queue.db`))
      )
  )

const shard = (id: number) => ShardId.unsafeMake(id, 8)
const now = Effect.sync(() => performance.now())

describe("SqlIdentifyQueue", () => {
  it.scopedLive(
    "spaces the identifies of a bucket, whoever makes them",
    () =>
      withTwo({ maxConcurrency: 2, interval: "300 millis" }, (queues) =>
        Effect.gen(function*() {
          const times: Array<readonly [bucket: number, at: number]> = []
          yield* Effect.forEach(
            [0, 2, 4, 1, 3],
            (id, index) =>
              queues[index % 2]?.withPermit(shard(id))(Effect.map(now, (at) => times.push([id % 2, at]))) ??
                Effect.void,
            { concurrency: "unbounded" }
          ).pipe(Effect.orDie)
          for (const bucket of [0, 1]) {
            const of = times.filter(([other]) => other === bucket).map(([, at]) => at)
            of.slice(1).forEach((at, index) => assert.isAtLeast(at - (of[index] ?? 0), 295))
          }
          assert.strictEqual(times.length, 5)
        })),
    60_000
  )

  it.scopedLive(
    "stops before the end of the day's budget, for all runners",
    () =>
      withTwo({ maxConcurrency: 8, total: 4, reserve: 1, interval: 0 }, ([first, second]) =>
        Effect.gen(function*() {
          let count = 0
          const identify = Effect.sync(() => count++)
          const waiting = yield* Effect.forEach(
            [0, 1, 2, 3],
            (id) => Effect.fork((id % 2 === 0 ? first : second)?.withPermit(shard(id))(identify) ?? Effect.void)
          )
          yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => count === 3 })
          yield* Effect.sleep("200 millis")
          assert.strictEqual(count, 3)
          const budget = Option.getOrThrow(yield* second?.budget ?? Effect.succeedNone)
          assert.include(budget, { total: 4, remaining: 1, reserve: 1 })
          yield* Fiber.interruptAll(waiting)
        })),
    60_000
  )

  it.scopedLive(
    "gives a turn that was certainly not used back, and no other",
    () =>
      withTwo({ maxConcurrency: 1, total: 10, interval: "1 minute" }, ([queue]) =>
        Effect.gen(function*() {
          if (queue === undefined) {
            return assert.fail("there is a queue")
          }
          const remaining = Effect.map(queue.budget, (budget) => Option.getOrThrow(budget).remaining)
          yield* Effect.flip(queue.withPermit(shard(0))(Effect.fail("the socket has died")))
          assert.strictEqual(yield* remaining, 10)
          const interrupted = yield* Effect.fork(queue.withPermit(shard(0))(Effect.never))
          yield* Effect.repeat(remaining, { until: (remaining) => remaining === 9 })
          yield* Fiber.interrupt(interrupted)
          assert.strictEqual(yield* remaining, 9)
          // The bucket is taken for a minute now.
          const next = yield* Effect.timeoutOption(Effect.orDie(queue.withPermit(shard(0))(Effect.void)), "200 millis")
          assert.isTrue(Option.isNone(next))
        })),
    60_000
  )
})
