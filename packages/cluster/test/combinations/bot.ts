/** The only runner of a cluster, with the interface of the table's bots. */
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Events from "@vesper/gateway/Events"
import * as SessionStore from "@vesper/gateway/SessionStore"
import type * as Shard from "@vesper/gateway/Shard"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Bot } from "../../../gateway/test/combinations/bot.js"
import type { Cell } from "../../../gateway/test/combinations/cells.js"
import type * as Play from "../../../gateway/test/combinations/play.js"
import * as ClusterFleet from "../../src/ClusterFleet.js"
import * as NodeCluster from "../../src/NodeCluster.js"

export type Database = Context.Context<SqlClient.SqlClient>

/** The number of shards at the first start of a cluster. */
const total = 2

/** Returns true for shards that have all guilds, under the old or the new total. */
const areComplete = (shards: ReadonlyArray<Shard.Shard>) =>
  shards.reduce((share, { id }) => share + 1 / id.total, 0) === 1

type Handler = (event: Dispatch.Dispatch) => Effect.Effect<unknown, unknown>

const chooseConcurrency = ({ kind }: Cell): number => {
  const [wanted = 1] = kind.parts.flatMap(({ concurrency = [] }) => concurrency)
  return wanted === "unbounded" ? 16 : wanted
}

/** Joins the cluster, and runs the handlers until they are interrupted. */
export const make = (
  cell: Cell,
  name: string,
  database: Database,
  lease: Duration.DurationInput
): Effect.Effect<Bot, never, Play.Requirements | Scope.Scope> =>
  Effect.gen(function*() {
    const handlers = new Set<Handler>()
    // Events that are replayed after a restart wait for the handlers of the cell.
    const isRunning = yield* Effect.makeLatch(!cell.kind.parts.some(({ isRun }) => isRun === true))
    const run = (handler: Handler) =>
      Effect.acquireUseRelease(
        Effect.sync(() => handlers.add(handler)),
        () => Effect.zipRight(isRunning.open, Effect.never),
        () => Effect.sync(() => handlers.delete(handler))
      )
    const layer = ClusterFleet.layer({
      shards: total,
      name,
      bot: name,
      lease,
      handover: { lag: "2 seconds", patience: "4 seconds" },
      concurrency: chooseConcurrency(cell),
      order: cell.kind.parts.some(({ isOrdered }) => !isOrdered) ? "none" : "guild",
      handlers: ({ event }) =>
        isRunning.whenOpen(
          Effect.suspend(() => Effect.forEach(handlers, (handler) => handler(event), { discard: true }))
        )
    }).pipe(
      Layer.provide(NodeCluster.layerAlone),
      Layer.provide(Layer.succeedContext(database))
    )
    const cluster = Context.get(yield* Effect.orDie(Layer.build(Layer.fresh(layer))), ClusterFleet.ClusterFleet)
    const shards = Effect.repeat(
      Effect.zipLeft(cluster.shards, Effect.sleep(5)),
      { until: (shards) => areComplete(shards) }
    )
    return {
      events: Stream.unwrap(Effect.map(shards, (shards) =>
        Stream.mergeAll(
          shards.map(({ events }) => events),
          { concurrency: "unbounded", bufferSize: 1 }
        ))),
      nextEvents: Effect.map(shards, (shards) => shards.map(({ nextEvent }) => nextEvent)),
      runForEach: run,
      runSet: (set) => {
        const handle = Events.toHandler(set)
        return Effect.flatMap(shards, ([shard]) =>
          shard === undefined ? Effect.never : run((event) => handle({ shard: shard.id, event })))
      },
      shards,
      connect: Effect.asVoid(shards),
      close: () =>
        Effect.dieMessage("a cluster is not closed"),
      reshard: (to) =>
        Effect.repeat(Effect.zipRight(Effect.orDie(cluster.reshard(to)), Effect.delay(cluster.total, 100)), {
          until: (total) => total === to
        })
    }
  })

const decode = Schema.decodeSync(Schema.parseJson(GatewaySchema.Session))

/** Loads the session that a runner has written for its next owner. */
export const load = (name: string, database: Database): SessionStore.SessionStore["load"] => ({ shard }) =>
  Effect.mapBoth(
    Context.get(database, SqlClient.SqlClient)<{ readonly session: string | null }>`
      SELECT session FROM vesper_sessions WHERE fleet = ${name} AND total = ${shard.total} AND shard = ${shard.id}
    `,
    {
      onFailure: (cause) => new SessionStore.SessionStoreError({ operation: "load", cause }),
      onSuccess: ([row]) => Option.map(Option.fromNullable(row?.session), (session) => decode(session))
    }
  )
