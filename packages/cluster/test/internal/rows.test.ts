/** The statements, on a database in a file and on PostgreSQL. */
import { assert, describe, it } from "@effect/vitest"
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Session from "@vesper/gateway/Session"
import * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as ClusterAdmin from "../../src/ClusterAdmin.js"
import * as Schema from "../../src/internal/database/schema.js"
import * as FleetRows from "../../src/internal/ownership/fleetRows.js"
import * as LeaseTable from "../../src/internal/ownership/leaseTable.js"
import * as SqlSessionStore from "../../src/SqlSessionStore.js"
import * as Databases from "./databases.js"

/** Longer than any test takes on a busy machine. */
const lease = Duration.minutes(10)
/** Expires all leases. */
const expireLeases = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`UPDATE vesper_sessions SET expires_at = expires_at - 600000`
)
const always = Number.MAX_SAFE_INTEGER

const runner = (id: string, fleet = "f") =>
  Effect.zipWith(
    LeaseTable.make({ fleet, lease, runner: { id, name: `name-${id}` } }),
    FleetRows.make(fleet, id),
    (rows, fleets) => ({ ...rows, ...fleets })
  )

const begin = (id: string, fleet = "f") =>
  Effect.gen(function*() {
    yield* Schema.migrate
    const rows = yield* runner(id, fleet)
    const plan = yield* rows.begin({ total: 4, slots: 4, bot: "101" })
    return { rows, plan }
  })

const one = ShardId.unsafeMake(1, 4)
const session = new Session.Session({ id: "abc", sequence: 42, resumeUrl: "wss://resume.test/" })

const claimOne = (rows: LeaseTable.LeaseTable, plan: Parameters<typeof rows.claim>[0], shard = one) =>
  Effect.map(rows.claim(plan, [shard], always), ([claim]) => Option.fromNullable(claim))

const write = (claim: LeaseTable.Claim, revision: number, session: Option.Option<Session.Session>) => ({
  claim,
  revision,
  session,
  status: JSON.stringify({ status: "Connected", ping: 12 })
})

for (const { isThere, layer, name } of Databases.both) {
  describe.skipIf(!isThere)(`the shared tables, on ${name}`, () => {
    const test = <E>(what: string, body: Effect.Effect<void, E, SqlClient.SqlClient | Scope.Scope>) =>
      it.scopedLive(what, () => Effect.provide(body, layer), 60_000)

    test(
      "give a shard one owner at a time, with its session, and the next owner a higher fence",
      Effect.gen(function*() {
        const { plan, rows: a } = yield* begin("a")
        const { rows: b } = yield* begin("b")
        const claim = Option.getOrThrow(yield* claimOne(a, plan))
        assert.isTrue(Option.isNone(yield* claimOne(b, plan)))
        assert.strictEqual((yield* a.save([write(claim, 1, Option.some(session))])).size, 1)
        assert.deepStrictEqual(yield* a.renew([claim]), new Set(["1/4"]))
        assert.deepStrictEqual(yield* b.renew([claim]), new Set())
        yield* expireLeases
        const next = Option.getOrThrow(yield* claimOne(b, plan))
        assert.deepStrictEqual(next, {
          shard: one,
          fence: claim.fence + 1,
          session: Option.some(session),
          revision: 1
        })
        // The old owner is fenced off.
        assert.deepStrictEqual(yield* a.renew([claim]), new Set())
        assert.deepStrictEqual(yield* a.save([write(claim, 9, Option.none())]), new Set())
        yield* a.release([claim])
        assert.isTrue(Option.isNone(yield* claimOne(a, plan)))
        yield* b.release([next])
        assert.isTrue(Option.isSome(yield* claimOne(a, plan)))
      })
    )

    test(
      "keep the newer of two writes, whichever is carried out last",
      Effect.gen(function*() {
        const { plan, rows } = yield* begin("a")
        const claim = Option.getOrThrow(yield* claimOne(rows, plan))
        const at = (sequence: number) => Option.some(new Session.Session({ id: "abc", sequence }))
        yield* rows.save([write(claim, 2, at(100_888))])
        assert.deepStrictEqual(yield* rows.save([write(claim, 1, at(100_777))]), new Set())
        yield* rows.release([claim])
        assert.deepStrictEqual(Option.flatMap(yield* claimOne(rows, plan), ({ session }) => session), at(100_888))
      })
    )

    test(
      "refuse a late save of a lease that this runner has lost and has again",
      Effect.gen(function*() {
        const { plan, rows } = yield* begin("a")
        const before = Option.getOrThrow(yield* claimOne(rows, plan))
        yield* rows.release([before])
        const now = Option.getOrThrow(yield* claimOne(rows, plan))
        yield* rows.save([write(now, now.revision + 1, Option.some(session))])
        assert.deepStrictEqual(yield* rows.save([write(before, 99, Option.none())]), new Set())
        assert.deepStrictEqual(yield* rows.renew([before]), new Set())
        yield* rows.release([before])
        const again = Option.getOrThrow(yield* claimOne(rows, plan))
        assert.deepStrictEqual(again.session, Option.some(session))
      })
    )

    test(
      "give a new fleet to one of two bots that start together, and other fleets to others",
      Effect.gen(function*() {
        const bots = ["101", "202"]
        const starts = yield* Effect.forEach(bots, (bot) =>
          Effect.zipRight(
            Schema.migrate,
            Effect.flatMap(runner(bot), ({ begin }) => Effect.either(begin({ total: 4, slots: 4, bot })))
          ), { concurrency: "unbounded" })
        assert.deepStrictEqual(starts.map(Either.isRight).sort(), [false, true])
        const refused = starts.flatMap((start) => Either.isLeft(start) ? [start.left._tag] : [])
        assert.deepStrictEqual(refused, ["ForeignFleetError"])
        const owners = yield* Effect.forEach(
          ["g", "h", "i"],
          (fleet) => Effect.flatMap(begin(`runner of ${fleet}`, fleet), ({ plan, rows }) => claimOne(rows, plan))
        )
        assert.isTrue(owners.every(Option.isSome))
      })
    )

    test(
      "write the sessions of many shards in one statement, and tell which were not this runner's",
      Effect.gen(function*() {
        const { plan, rows } = yield* begin("a")
        const claims = yield* rows.claim(plan, ShardId.all(4), always)
        const [first, ...rest] = claims
        assert.isDefined(first)
        if (first !== undefined) {
          yield* rows.release([first])
        }
        const written = yield* rows.save(claims.map((claim) => write(claim, 1, Option.some(session))))
        assert.deepStrictEqual(written, new Set(rest.map(({ shard }) => LeaseTable.toKey(shard))))
      })
    )

    test(
      "let a runner have again what it has claimed without knowing, and no other runner before it expires",
      Effect.gen(function*() {
        const { plan, rows: a } = yield* begin("a")
        const { rows: b } = yield* begin("b")
        const lost = Option.getOrThrow(yield* claimOne(a, plan))
        const again = Option.getOrThrow(yield* claimOne(a, plan))
        assert.strictEqual(again.fence, lost.fence + 1)
        assert.isTrue(Option.isNone(yield* claimOne(b, plan)))
        // What is not renewed expires.
        yield* a.renew([])
        yield* expireLeases
        assert.isTrue(Option.isSome(yield* claimOne(b, plan)))
      })
    )

    test(
      "survive a database's clock that is set back or forward",
      Effect.gen(function*() {
        const { plan, rows: a } = yield* begin("a")
        const { rows: b } = yield* begin("b")
        const sql = yield* SqlClient.SqlClient
        yield* claimOne(a, plan)
        // Back by an hour: what is stored lies an hour further away.
        yield* sql`UPDATE vesper_sessions SET expires_at = expires_at + 3600000`
        yield* b.renew([])
        yield* expireLeases
        const claim = Option.getOrThrow(yield* claimOne(b, plan))
        // Forward by a day: what is stored is long over, but the clock is later than a runner expects.
        yield* sql`UPDATE vesper_sessions SET expires_at = expires_at - 86400000`
        assert.deepStrictEqual(yield* a.claim(plan, [one], Date.now() - 43_200_000), [])
        assert.deepStrictEqual(yield* b.renew([claim]), new Set(["1/4"]))
        assert.isTrue(Option.isNone(yield* claimOne(a, plan)))
      })
    )

    test(
      "show runners and shards from outside, and let runners be asked to end",
      Effect.gen(function*() {
        const { plan, rows } = yield* begin("a")
        const claim = Option.getOrThrow(yield* claimOne(rows, plan))
        assert.strictEqual(yield* rows.register("{}"), 1)
        assert.strictEqual(yield* rows.register("{}"), 2)
        yield* rows.save([write(claim, 1, Option.none())])
        const status = yield* ClusterAdmin.status("f")
        assert.deepStrictEqual(status.runners, [{ id: "a", name: "name-a", isDraining: false, shards: [1] }])
        assert.deepStrictEqual(status.shards[1], {
          id: one,
          runner: Option.some("a"),
          status: Option.some("Connected"),
          ping: Option.some(Duration.millis(12))
        })
        assert.strictEqual(yield* ClusterAdmin.drain("nobody", "f"), 0)
        assert.isFalse((yield* rows.look).isDraining)
        assert.strictEqual(yield* ClusterAdmin.drain("name-a", "f"), 1)
        assert.isTrue((yield* rows.look).isDraining)
        yield* rows.unregister
        assert.deepStrictEqual((yield* ClusterAdmin.status("f")).runners, [])
      })
    )

    test(
      "keep fleets apart, and a fleet to its bot",
      Effect.gen(function*() {
        const { plan, rows: a } = yield* begin("a")
        const { rows: g } = yield* begin("e", "g")
        yield* claimOne(a, plan)
        assert.isTrue(Option.isSome(yield* claimOne(g, plan)))
        const foreign = yield* Effect.flip((yield* runner("x")).begin({ total: 4, slots: 4, bot: "202" }))
        assert.match(
          foreign.message,
          /^the fleet "f" belongs to bot 101, and this token is of bot 202; choose another name/
        )
        // Another number of shards or slots is not used.
        const again = yield* (yield* runner("y")).begin({ total: 8, slots: 16, bot: "101" })
        assert.deepInclude(again, { total: 4, slots: 4 })
        for (const command of [ClusterAdmin.reshard(8, "typo"), ClusterAdmin.drain("a", "typo")]) {
          assert.strictEqual(
            (yield* Effect.flip(command)).message,
            "there is no fleet \"typo\" in this database; it has f, g"
          )
        }
        assert.strictEqual((yield* ClusterAdmin.status("typo")).total, 0)
      })
    )

    test(
      "reshard in parts, and are the new total's when the last part is done",
      Effect.gen(function*() {
        const { plan: first, rows: a } = yield* begin("c")
        const { rows: b } = yield* begin("d")
        const olds = yield* a.claim(first, ShardId.all(4), always)
        const plan = Effect.map(a.look, (look) => look.plan)
        // A change that no runner has begun may be changed, and taken back.
        yield* ClusterAdmin.reshard(5, "f")
        yield* ClusterAdmin.reshard(4, "f")
        assert.deepStrictEqual((yield* plan).next, Option.none())
        yield* ClusterAdmin.reshard(6, "f")
        const abandoned = yield* plan
        assert.deepStrictEqual(yield* a.beginPart(abandoned, 0), Option.some(false))
        assert.match((yield* Effect.flip(ClusterAdmin.reshard(8, "f"))).message, /is being resharded from 4 to 6/)
        yield* a.abandonPart(abandoned, 0)
        yield* ClusterAdmin.reshard(8, "f")
        assert.deepStrictEqual(yield* a.beginPart(abandoned, 0), Option.none())
        // With an old plan nothing can be claimed.
        assert.deepStrictEqual(yield* b.claim(abandoned, [ShardId.unsafeMake(0, 6)], always), [])
        yield* ClusterAdmin.reshard(6, "f")
        const now = yield* plan
        // A runner with another number of shards takes part in the change.
        const late = yield* (yield* runner("e")).begin({ total: 9, slots: 9, bot: "101" })
        assert.deepStrictEqual(late, now)
        yield* a.beginPart(now, 0)
        yield* b.beginPart(now, 1)
        const part = (id: number) => ShardId.unsafeMake(id, 6)
        const even = Option.getOrThrow(yield* claimOne(a, now, part(0)))
        const odd = Option.getOrThrow(yield* claimOne(b, now, part(1)))
        assert.isFalse(yield* b.finishPart(now, 0, even))
        assert.isTrue(yield* a.finishPart(now, 0, even))
        yield* a.release(olds)
        // Old shards of a part that is done have ended; those of the other part serve.
        assert.deepStrictEqual(yield* a.doneParts(now), new Set([0]))
        assert.isTrue(Option.isNone(yield* claimOne(a, now, ShardId.unsafeMake(0, 4))))
        assert.isTrue(Option.isSome(yield* claimOne(a, now, ShardId.unsafeMake(1, 4))))
        assert.deepInclude(Option.getOrThrow((yield* ClusterAdmin.status("f")).resharding), { parts: 2, done: 1 })
        assert.isTrue(yield* b.finishPart(now, 1, odd))
        assert.deepInclude(yield* plan, { total: 6, next: Option.none(), slots: 6 })
        // Slots stay if they divide the new total.
        yield* ClusterAdmin.reshard(12, "f")
        assert.deepInclude(yield* plan, { total: 6, next: Option.some(12), slots: 6 })
      })
    )

    test(
      "are created once by runners that start together, and refused where a newer version has changed them",
      Effect.gen(function*() {
        yield* Effect.all(Array.from({ length: 8 }, () => Schema.migrate), { concurrency: "unbounded" })
        yield* Schema.refuseNewer
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO vesper_migrations (migration_id, name) VALUES (99, 'later')`
        const refused = yield* Effect.flip(ClusterAdmin.status("f"))
        assert.match(
          refused.message,
          /^the cluster's database has schema 99, and this version of Vesper knows \d+; update/
        )
      })
    )

    test(
      "are neither created nor changed by the administration, which reports the schema",
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const refused = Effect.map(Effect.flip(ClusterAdmin.status("f")), ({ message }) => message)
        assert.match(
          yield* refused,
          /^the cluster's database has no tables of Vesper; .*: the first runner creates them$/
        )
        const earlier = { "8_tables": Schema.run(Schema.migrations["8_tables"] ?? []) }
        yield* Migrator.make({})({ loader: Migrator.fromRecord(earlier), table: Schema.table })
        assert.match(yield* refused, /has schema 8, and this version of Vesper knows 10; a runner of this version/)
        yield* Effect.flip(ClusterAdmin.drain("a", "f"))
        yield* Effect.flip(ClusterAdmin.reshard(2, "f"))
        const [latest] = yield* sql`SELECT MAX(migration_id) AS latest FROM vesper_migrations`
        assert.deepStrictEqual(latest, { latest: 8 })
      })
    )

    test(
      "claim, renew, save and release a thousand shards, each in one statement in time",
      Effect.gen(function*() {
        yield* Schema.migrate
        const rows = yield* runner("a")
        const plan = yield* rows.begin({ total: 1_000, slots: 1_000, bot: "101" })
        const claims = yield* rows.claim(plan, ShardId.all(1_000), always)
        assert.lengthOf(claims, 1_000)
        assert.strictEqual((yield* rows.renew(claims)).size, 1_000)
        const writes = claims.map((claim) => write(claim, 1, Option.some(session)))
        assert.strictEqual((yield* rows.save(writes)).size, 1_000)
        yield* rows.release(claims)
        assert.strictEqual((yield* rows.renew(claims)).size, 0)
      })
    )

    test(
      "keep sessions that an earlier version has written",
      Effect.gen(function*() {
        const earlier = { "8_tables": Schema.run(Schema.migrations["8_tables"] ?? []) }
        yield* Migrator.make({})({ loader: Migrator.fromRecord(earlier), table: Schema.table })
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO vesper_fleets (fleet, total) VALUES ('f', 4)`
        yield* sql`
          INSERT INTO vesper_sessions (fleet, total, shard, session_id, sequence, resume_url)
          VALUES ('f', 4, 1, 'abc', 42, 'wss://resume.test/')
        `
        const { plan, rows } = yield* begin("a")
        const claim = Option.getOrThrow(yield* claimOne(rows, plan))
        assert.deepStrictEqual(claim.session, Option.some(session))
      })
    )

    test(
      "keep the sessions of shards that are not in a cluster",
      Effect.gen(function*() {
        const sessions = yield* SqlSessionStore.make
        const key = { bot: "123", shard: one }
        assert.deepStrictEqual(yield* sessions.load(key), Option.none())
        yield* sessions.save(key, session)
        yield* sessions.save(key, new Session.Session({ id: "def", sequence: 1 }))
        assert.deepStrictEqual(yield* sessions.load(key), Option.some(new Session.Session({ id: "def", sequence: 1 })))
        yield* sessions.remove(key)
        assert.deepStrictEqual(yield* sessions.load(key), Option.none())
      })
    )
  })
}
