/** The statements, on a database in a file; on PostgreSQL too, where there is one. */
import { assert, describe, it } from "@effect/vitest"
import * as Session from "@vesper/gateway/Session"
import * as ShardId from "@vesper/model/ShardId"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ClusterAdmin from "../../src/ClusterAdmin.js"
import * as FleetStore from "../../src/internal/fleetStore.js"
import * as NodeCluster from "../../src/NodeCluster.js"
import * as SqlSessionStore from "../../src/SqlSessionStore.js"
import * as Postgres from "../proof/postgres.js"
import * as Trial from "../proof/trial.js"

const lease = Duration.seconds(2)
const afterLease = Effect.sleep("2200 millis")

const runner = (id: string, fleet = "f") => FleetStore.make({ fleet, lease, runner: { id, name: `name-${id}` } })

const one = ShardId.unsafeMake(1, 4)
const session = new Session.Session({ id: "abc", sequence: 42, resumeUrl: "wss://resume.test/" })

const takes = (store: FleetStore.FleetStore, shard: ShardId.ShardId) => Effect.map(store.claim(shard), Option.isSome)

const behaviour = Effect.gen(function*() {
  const [a, b] = yield* Effect.all([runner("a"), runner("b")], { concurrency: "unbounded" })
  const plan = { total: 4, next: Option.none<number>(), epoch: 0 }
  assert.deepStrictEqual(yield* a.begin(4), plan)
  // The first to come has said how many there are.
  assert.deepStrictEqual(yield* b.begin(8), plan)

  // One owner at a time.
  const claim = Option.getOrThrow(yield* a.claim(one))
  assert.isFalse(yield* takes(b, one))
  assert.isFalse(yield* takes(a, one))
  assert.isTrue(yield* a.save(claim, Option.some(session)))
  assert.deepStrictEqual(yield* a.renew([claim]), [{ total: 4, shard: 1, fence: claim.fence }])
  assert.deepStrictEqual(yield* b.renew([claim]), [])

  // What is seen from outside.
  yield* a.appear
  yield* a.tell(claim, JSON.stringify({ status: "Connected", ping: 12 }))
  const status = yield* ClusterAdmin.status("f")
  assert.deepStrictEqual(status.runners, [{ id: "a", name: "name-a", isDraining: false, shards: [1] }])
  assert.deepStrictEqual(status.shards[1], {
    id: one,
    runner: Option.some("a"),
    status: Option.some("Connected"),
    ping: Option.some(Duration.millis(12))
  })
  assert.strictEqual(yield* ClusterAdmin.drain("name-a", "f"), 1)
  assert.strictEqual(yield* ClusterAdmin.drain("nobody", "f"), 0)
  assert.isTrue(yield* a.appear)

  // A lease that has run out is the next one's, with the session; the old owner is fenced off.
  yield* afterLease
  assert.deepStrictEqual(yield* a.renew([claim]), [])
  const next = Option.getOrThrow(yield* b.claim(one))
  assert.deepStrictEqual(next, { shard: one, fence: claim.fence + 1, session: Option.some(session) })
  assert.isFalse(yield* a.save(claim, Option.none()))
  yield* a.release(claim)
  assert.isFalse(yield* takes(a, one))

  yield* b.release(next)

  // Another fleet is another matter.
  const c = yield* runner("e", "g")
  yield* c.begin(4)
  assert.isTrue(yield* takes(c, one))

  // A claim that its runner does not know of, for the answer was lost, is not renewed with the others.
  const lostClaim = Option.getOrThrow(yield* a.claim(ShardId.unsafeMake(2, 4)))
  yield* a.renew([])
  yield* afterLease
  assert.isFalse(yield* a.save(lostClaim, Option.none()))

  const sessions = yield* SqlSessionStore.make
  const key = { bot: "123", shard: one }
  assert.deepStrictEqual(yield* sessions.load(key), Option.none())
  yield* sessions.save(key, session)
  yield* sessions.save(key, new Session.Session({ id: "def", sequence: 1 }))
  assert.deepStrictEqual(yield* sessions.load(key), Option.some(new Session.Session({ id: "def", sequence: 1 })))
  yield* sessions.remove(key)
  assert.deepStrictEqual(yield* sessions.load(key), Option.none())
})

const resharding = Effect.gen(function*() {
  const [a, b] = yield* Effect.all([runner("c", "r"), runner("d", "r")], { concurrency: "unbounded" })
  yield* a.begin(4)
  const olds = yield* Effect.forEach(ShardId.all(4), (shard) => Effect.map(a.claim(shard), Option.getOrThrow))
  const part = (id: number) => ShardId.unsafeMake(id, 6)
  assert.isFalse(yield* takes(b, part(0)))

  // What nobody has begun may be changed, and taken back.
  yield* ClusterAdmin.reshard(5, "r")
  yield* ClusterAdmin.reshard(4, "r")
  assert.deepStrictEqual((yield* a.plan).next, Option.none())
  yield* ClusterAdmin.reshard(6, "r")
  const plan = yield* a.plan
  assert.deepInclude(plan, { total: 4, next: Option.some(6) })
  assert.deepStrictEqual(yield* a.beginPart(plan, 0), Option.some(false))
  const error = yield* Effect.flip(ClusterAdmin.reshard(8, "r"))
  assert.match(error.message, /is being resharded from 4 to 6 shards/)
  yield* ClusterAdmin.reshard(6, "r")
  // An attempt that was given up leaves the plan open again.
  yield* a.abandonPart(plan, 0)
  yield* ClusterAdmin.reshard(8, "r")
  assert.deepStrictEqual(yield* a.beginPart(plan, 0), Option.none())
  yield* ClusterAdmin.reshard(6, "r")

  // Two parts: the even ids, and the odd ones.
  const now = yield* a.plan
  yield* a.beginPart(now, 0)
  yield* b.beginPart(now, 1)
  const even = Option.getOrThrow(yield* a.claim(part(0)))
  const odd = Option.getOrThrow(yield* b.claim(part(1)))
  assert.isFalse(yield* b.finishPart(now, 0, even))
  assert.isTrue(yield* a.finishPart(now, 0, even))
  yield* Effect.forEach(olds, (claim) => a.release(claim))
  // Old shards of a part that is done are no more; those of the other part serve.
  assert.isFalse(yield* takes(a, ShardId.unsafeMake(0, 4)))
  assert.isTrue(yield* takes(a, ShardId.unsafeMake(1, 4)))
  const status = yield* ClusterAdmin.status("r")
  assert.strictEqual(status.total, 4)
  const change = Option.getOrThrow(status.resharding)
  assert.deepInclude(change, { total: 6, parts: 2, done: 1 })
  assert.deepStrictEqual(change.shards.map(({ runner }) => Option.getOrNull(runner)), [
    "c",
    "d",
    null,
    null,
    null,
    null
  ])
  assert.deepStrictEqual(yield* b.beginPart(now, 0), Option.some(true))

  assert.isTrue(yield* b.finishPart(now, 1, odd))
  assert.deepInclude(yield* a.plan, { total: 6, next: Option.none() })
  assert.isFalse(yield* takes(a, ShardId.unsafeMake(2, 4)))
  assert.isTrue(yield* takes(a, part(3)))
  yield* ClusterAdmin.reshard(4, "r")
  assert.deepStrictEqual((yield* a.plan).next, Option.some(4))
})

const on = (database: string) =>
  Effect.provide(
    Effect.zipRight(behaviour, resharding),
    Layer.orDie(NodeCluster.layerDatabase(Redacted.make(database)))
  )

describe("the shared tables", () => {
  it.scopedLive(
    "give a shard one owner at a time, on SQLite",
    () => Effect.flatMap(Trial.scratch, (folder) => on(`${folder}/test.db`)),
    60_000
  )

  it.scopedLive("give a shard one owner at a time, on PostgreSQL", () =>
    Effect.flatMap(
      Postgres.start,
      Option.match({
        onNone: () => Console.warn("SKIPPED: no PostgreSQL on this machine (apt-get install postgresql)"),
        onSome: ({ port, url }) => on(url(port))
      })
    ), 60_000)
})
