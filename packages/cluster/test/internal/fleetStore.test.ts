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
  assert.strictEqual(yield* a.begin(4), 4)
  // The first to come has said how many there are.
  assert.strictEqual(yield* b.begin(8), 4)

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
  assert.deepStrictEqual(yield* a.appear, { total: 4, isDraining: true })

  // A lease that has run out is the next one's, with the session; the old owner is fenced off.
  yield* afterLease
  assert.deepStrictEqual(yield* a.renew([claim]), [])
  const next = Option.getOrThrow(yield* b.claim(one))
  assert.deepStrictEqual(next, { shard: one, fence: claim.fence + 1, session: Option.some(session) })
  assert.isFalse(yield* a.save(claim, Option.none()))
  yield* a.release(claim)
  assert.isFalse(yield* takes(a, one))

  // Shards of two totals are never up together.
  yield* ClusterAdmin.reshard(2, "f")
  const other = ShardId.unsafeMake(0, 2)
  assert.isFalse(yield* takes(a, other))
  yield* b.release(next)
  assert.isFalse(yield* takes(a, one))
  assert.isTrue(yield* takes(a, other))

  // Another fleet is another matter.
  const c = yield* runner("c", "g")
  yield* c.begin(4)
  assert.isTrue(yield* takes(c, one))

  // A claim that its runner does not know of, for the answer was lost, is not renewed with the others.
  const lostClaim = Option.getOrThrow(yield* a.claim(ShardId.unsafeMake(1, 2)))
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

const on = (database: string) =>
  Effect.provide(behaviour, Layer.orDie(NodeCluster.layerDatabase(Redacted.make(database))))

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
