/**
 * A sample of the table of combinations on a cluster of one runner, through the public interface of `ClusterFleet`. The trials with
 * several processes cover shards that move.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Live from "../../../gateway/test/combinations/live.js"
import { testLive } from "../../../gateway/test/combinations/liveTable.js"
import * as Postgres from "../proof/postgres.js"
import * as Play from "./play.js"

const chosen = [...Live.sample(["a cluster"], 11), ...Live.sample(["a cluster while it is resharded"], 4)]

// More of them delay each other for longer than a lease on a busy machine.
const concurrency = 8

testLive("the table of combinations on a cluster, with SQLite", chosen, Play.onSqlite, "2 minutes", concurrency)

if (Postgres.isThere) {
  const onServer = chosen.filter(({ life }, index) => index % 4 === 0 || life === "kill and restart")
  testLive(
    "the table of combinations on a cluster, with PostgreSQL [PostgreSQL]",
    onServer,
    (cell) => Effect.scoped(Effect.flatMap(Postgres.start, (server) => Play.onServer(cell, Option.getOrThrow(server)))),
    "2 minutes",
    concurrency
  )
}
