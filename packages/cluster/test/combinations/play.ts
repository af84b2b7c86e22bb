/** Plays cells of the table on a cluster. */
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import type { Cell } from "../../../gateway/test/combinations/cells.js"
import * as Live from "../../../gateway/test/combinations/live.js"
import * as Play from "../../../gateway/test/combinations/play.js"
import { configOf } from "../../../gateway/test/combinations/virtual.js"
import { layer } from "../../../gateway/test/harness.js"
import * as NodeCluster from "../../src/NodeCluster.js"
import type * as Postgres from "../proof/postgres.js"
import * as Proxy from "../proof/proxy.js"
import * as Trial from "../proof/trial.js"
import * as Bot from "./bot.js"

const maxConcurrency = 8
const makeLayer = (cell: Cell) =>
  Layer.merge(
    layer({ config: configOf(cell), maxConcurrency, simulator: { world: Play.world, maxConcurrency } }),
    IdentifyQueue.layerInMemory({ maxConcurrency, interval: "5500 millis" })
  )

/** Plays a cell on a database in a file. A killed process keeps the files of that time. */
export const onSqlite = (cell: Cell) =>
  Effect.scoped(Effect.flatMap(Trial.scratch, (scratch) => {
    let process = 0
    const folder = () => `${scratch}/${process}`
    const start = (setWall: Play.Setting["setWall"]) =>
      Effect.sync((): Play.Setting => {
        let current: Bot.Database | undefined
        Fs.mkdirSync(folder())
        return {
          makeBot: () =>
            Effect.gen(function*() {
              current = yield* Layer.build(Layer.fresh(NodeCluster.layerSqlite(`${folder()}/cluster.db`)))
              // No test waits for it, because the killed process has no lock.
              return yield* Bot.make(cell, "vesper", current, "30 seconds")
            }),
          load: Option.some((key) => current === undefined ? Effect.succeedNone : Bot.load("vesper", current)(key)),
          onKill: Effect.sync(() => {
            const before = folder()
            process++
            Fs.cpSync(before, folder(), { recursive: true })
          }),
          setWall
        }
      })
    return Live.problemsOf(cell, start, makeLayer(cell))
  }))

/** Plays a cell on a server at this port. A killed process has no connection from that time on. */
export const onServer = (cell: Cell, { port, url }: Postgres.Server) =>
  Live.problemsOf(cell, (setWall) =>
    Effect.sync((): Play.Setting => {
      const fleet = crypto.randomUUID()
      let current: { readonly database: Bot.Database; readonly proxy: Proxy.Proxy } | undefined
      return {
        makeBot: () =>
          Effect.gen(function*() {
            const proxy = yield* Proxy.make(port)
            const database = yield* Layer.build(
              NodeCluster.layerPostgres(Redacted.make(url(proxy.port)), { poolSize: 2 })
            )
            current = { database, proxy }
            return yield* Bot.make(cell, fleet, database, cell.life === "kill and restart" ? "5 seconds" : "30 seconds")
          }).pipe(Effect.orDie),
        load: Option.some((key) => current === undefined ? Effect.succeedNone : Bot.load(fleet, current.database)(key)),
        onKill: Effect.suspend(() => current?.proxy.cut ?? Effect.void),
        setWall
      }
    }), makeLayer(cell))
