/**
 * A sample of the table of combinations on a cluster of one runner, through the public interface of `ClusterFleet`. The trials with
 * several processes cover shards that move.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Live from "../../../gateway/test/combinations/live.js"
import { testLive } from "../../../gateway/test/combinations/liveTable.js"
import { postgres } from "../internal/databases.js"
import * as Play from "./play.js"

const chosen = Live.sample(["a cluster"], 11)

testLive("the table of combinations on a cluster, with SQLite", chosen, Play.onSqlite, "4 minutes")

// A server continues after a process was killed, so a copy of its files is not the state at that time.
const onServer = chosen.filter(({ life }) => life !== "kill and restart").filter((_, index) => index % 3 === 0)

if (postgres.isThere) {
  testLive(
    "the table of combinations on a cluster, with PostgreSQL [PostgreSQL]",
    onServer,
    (cell) =>
      Effect.scoped(Effect.flatMap(
        Layer.build(postgres.layer),
        (database) => Play.onServer(cell, "vesper", database)
      )),
    "4 minutes"
  )
}
