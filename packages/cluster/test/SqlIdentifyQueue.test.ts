import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardId from "@vesper/model/ShardId"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Account from "../src/internal/identify/index.js"
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

  it.scopedLive(
    "keeps the day's budget for whoever comes next, when all runners are gone",
    () =>
      Effect.gen(function*() {
        const file = `${yield* Trial.scratch}/queue.db`
        const options = { maxConcurrency: 8, total: 10, reserve: 0, interval: 0 }
        const life = (ids: ReadonlyArray<number>) =>
          Effect.gen(function*() {
            const queue = yield* SqlIdentifyQueue.make(options)
            const before = Option.getOrThrow(yield* queue.budget)
            yield* Effect.forEach(ids, (id) => queue.withPermit(shard(id))(Effect.void))
            return before
          }).pipe(Effect.provide(NodeCluster.layerSqlite(file)))
        assert.deepInclude(yield* life([0, 1, 2]), { total: 10, remaining: 10, resetsAt: Option.none() })
        const second = yield* life([3])
        assert.strictEqual(second.remaining, 7)
        const third = yield* life([])
        assert.strictEqual(third.remaining, 6)
        // The window is the one that the first identify has begun.
        assert.deepStrictEqual(third.resetsAt, second.resetsAt)
        assert.closeTo(Option.getOrThrow(third.resetsAt), Date.now() + 86_400_000, 60_000)
      }),
    60_000
  )

  it.scopedLive(
    "holds identifies for a resharding, and gives the rest of them back",
    () =>
      withTwo({ maxConcurrency: 8, total: 6, reserve: 1, interval: 0 }, ([first, second]) =>
        Effect.gen(function*() {
          if (first === undefined || second === undefined) {
            return assert.fail("there are queues")
          }
          const identify = (queue: IdentifyQueue.IdentifyQueue, id: number) =>
            Effect.timeoutOption(Effect.orDie(queue.withPermit(shard(id))(Effect.void)), "3 seconds")
          yield* Effect.scoped(Effect.gen(function*() {
            const view = yield* Effect.orDie(first.reserve(3))
            const error = yield* Effect.orDie(Effect.flip(second.reserve(3)))
            assert.deepInclude(error, { total: 6, remaining: 3, reserve: 1 })
            // Two are not held.
            assert.isTrue(Option.isSome(yield* identify(second, 0)))
            assert.isTrue(Option.isSome(yield* identify(first, 1)))
            assert.isTrue(Option.isNone(yield* identify(second, 2)))
            assert.isTrue(Option.isSome(yield* identify(view, 3)))
            // One that was certainly not sent is held as before.
            yield* Effect.flip(view.withPermit(shard(4))(Effect.fail("the socket has died")))
            assert.isTrue(Option.isNone(yield* identify(second, 2)))
            assert.isTrue(Option.isSome(yield* identify(view, 4)))
            assert.strictEqual(Option.getOrThrow(yield* second.budget).remaining, 2)
          }))
          assert.isTrue(Option.isSome(yield* identify(second, 5)))
          assert.strictEqual(Option.getOrThrow(yield* second.budget).remaining, 1)
        })),
    60_000
  )

  it.scopedLive(
    "frees what is held by a runner that does not come back",
    () =>
      Effect.gen(function*() {
        const { begin, change } = yield* Account.make("f", 4, 5_500)
        yield* begin
        const sql = yield* SqlClient.SqlClient
        let bucket = 0
        const take = (hold: string) =>
          Effect.map(change(Account.take({ bucket: ++bucket, holder: String(bucket), hold }, 0)), ({ _tag }) => _tag)
        const held = change(Account.heldIn)
        assert.isTrue(yield* change(Account.hold("gone", 4, 0)))
        assert.strictEqual(yield* take(""), "Exhausted")
        yield* sql`UPDATE vesper_budgets SET queue = replace(queue, '"expiresAt":', '"expiresAt":-')`
        assert.strictEqual(yield* take(""), "Granted")
        assert.strictEqual(yield* held, 0)
        assert.strictEqual(yield* take("gone"), "Granted")
        assert.isFalse(yield* change(Account.hold("more", 3, 0)))
        assert.isTrue(yield* change(Account.hold("less", 2, 0)))
        // Asked again, because the answer was lost.
        assert.isTrue(yield* change(Account.hold("less", 2, 0)))
        assert.strictEqual(yield* held, 2)
        // Discord knows better: those that are held are not there.
        yield* change(Account.merge(0, Duration.hours(1)))
        assert.strictEqual(yield* take("less"), "Exhausted")
        yield* change(Account.release("less"))
        assert.strictEqual(yield* held, 0)
      }).pipe(
        Effect.provide(
          Layer.unwrapScoped(Effect.map(Trial.scratch, (folder) => NodeCluster.layerSqlite(`${folder}/queue.db`)))
        )
      ),
    60_000
  )

  it.scopedLive(
    "names an option that cannot be used, and the identify of a turn whose answer was lost is spent once",
    () =>
      Effect.gen(function*() {
        const messages = yield* Effect.forEach([
          { maxConcurrency: 0 },
          { maxConcurrency: 1, total: 0.5 },
          { maxConcurrency: 1, reserve: -1 },
          // An interval from a file may be anything.
          { maxConcurrency: 1, interval: "soon" as "1 second" }
        ], (options) => Effect.map(Effect.flip(SqlIdentifyQueue.make(options)), String))
        for (const [index, field] of ["maxConcurrency", "total", "reserve", "interval"].entries()) {
          assert.include(messages[index], field)
        }
        const { begin, change } = yield* Account.make("f", 4, 5_500)
        yield* begin
        const take = Account.take({ bucket: 0, holder: "h", hold: "" }, 0)
        assert.strictEqual((yield* change(take))._tag, "Granted")
        assert.strictEqual((yield* change(take))._tag, "Granted")
        assert.strictEqual(yield* change(({ remaining }) => remaining), 3)
      }).pipe(
        Effect.provide(
          Layer.unwrapScoped(Effect.map(Trial.scratch, (folder) => NodeCluster.layerSqlite(`${folder}/queue.db`)))
        )
      ),
    60_000
  )

  it.scopedLive(
    "grants a turn soon after the clock of its database was set back",
    () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const queue = yield* SqlIdentifyQueue.make({ maxConcurrency: 1, total: 10, interval: "100 millis" })
        yield* queue.withPermit(shard(0))(Effect.void)
        // The times of a row that was written an hour in the future.
        const { change } = yield* Account.make("vesper", 10, 100)
        const moved = yield* change(({ turns }, now) =>
          JSON.stringify({ turns: { 0: { ...turns[0], freeAt: now + 3_600_000 } }, holds: {} })
        )
        yield* sql`UPDATE vesper_budgets SET queue = ${moved}, resets_at = resets_at + 31536000000`
        const freeAt = change(({ turns }, now) => (turns[0]?.freeAt ?? 0) - now)
        const first = yield* freeAt
        assert.isAtMost(first, 15_000)
        yield* Effect.sleep("50 millis")
        assert.isAtMost(yield* freeAt, first - 40)
        assert.isAtMost(
          yield* change(({ resetsAt }, now) => resetsAt - now),
          Duration.toMillis("24 hours")
        )
      }).pipe(
        Effect.provide(
          Layer.unwrapScoped(Effect.map(Trial.scratch, (folder) => NodeCluster.layerSqlite(`${folder}/queue.db`)))
        )
      ),
    60_000
  )

  it.scopedLive(
    "gives an identify back that was not begun",
    () =>
      withTwo({ maxConcurrency: 1, total: 10, interval: "1 minute" }, ([queue]) =>
        Effect.gen(function*() {
          if (queue === undefined) {
            return assert.fail("there is a queue")
          }
          yield* Effect.orDie(queue.withPermit(shard(0))(Effect.void))
          const waiting = yield* Effect.fork(queue.withPermit(shard(0))(Effect.dieMessage("it is not its turn")))
          yield* Effect.sleep("100 millis")
          yield* Fiber.interrupt(waiting)
          assert.strictEqual(Option.getOrThrow(yield* queue.budget).remaining, 9)
        })),
    60_000
  )

  it.scopedLive(
    "has the limits that Discord gives, of which the lower number counts within a window",
    () =>
      Effect.gen(function*() {
        const answer = { total: 100, remaining: 40, resetAfter: Duration.hours(2), maxConcurrency: 2 }
        const api = (limit: GatewayApi.SessionStartLimit) =>
          Layer.succeed(GatewayApi.GatewayApi, {
            gatewayBot: Effect.succeed({ url: "wss://gateway.test/", shards: 4, sessionStartLimit: limit })
          })
        const start = (limit: GatewayApi.SessionStartLimit) =>
          Effect.map(
            Layer.build(Layer.fresh(Layer.provide(
              SqlIdentifyQueue.layerFromApi({ reserve: 5, interval: "4 seconds" }),
              api(limit)
            ))),
            (context) => Context.get(context, IdentifyQueue.IdentifyQueue)
          )
        const first = yield* start(answer)
        const budget = Option.getOrThrow(yield* first.budget)
        assert.deepInclude(budget, { total: 100, remaining: 40, reserve: 5 })
        assert.closeTo(Option.getOrThrow(budget.resetsAt), Date.now() + 7_200_000, 60_000)
        yield* Effect.orDie(first.withPermit(shard(0))(Effect.void))

        // Two buckets: the other one does not wait, this one does.
        const since = yield* now
        yield* Effect.orDie(first.withPermit(shard(1))(Effect.void))
        assert.isBelow((yield* now) - since, 3_500)
        yield* Effect.orDie(first.withPermit(shard(2))(Effect.void))
        assert.isAtLeast((yield* now) - since, 3_500)

        const second = yield* start(answer)
        assert.strictEqual(Option.getOrThrow(yield* second.budget).remaining, 37)
        const third = yield* start({ ...answer, remaining: 12 })
        assert.strictEqual(Option.getOrThrow(yield* third.budget).remaining, 12)
      }).pipe(
        Effect.provide(
          Layer.unwrapScoped(Effect.map(Trial.scratch, (folder) => NodeCluster.layerSqlite(`${folder}/queue.db`)))
        )
      ),
    60_000
  )
})
