/** Plays cells of the table on a cluster. */
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import type { Cell } from "../../../gateway/test/combinations/cells.js"
import * as Live from "../../../gateway/test/combinations/live.js"
import * as Play from "../../../gateway/test/combinations/play.js"
import { configOf } from "../../../gateway/test/combinations/virtual.js"
import { layer } from "../../../gateway/test/harness.js"
import * as NodeCluster from "../../src/NodeCluster.js"
import * as Trial from "../proof/trial.js"
import * as Bot from "./bot.js"

const maxConcurrency = 8
const layerOf = (cell: Cell) =>
  Layer.merge(
    layer({ config: configOf(cell), maxConcurrency, simulator: { world: Play.world, maxConcurrency } }),
    IdentifyQueue.layerInMemory({ maxConcurrency, interval: "5500 millis" })
  )

/** Plays a cell on a database in a file. One that is killed leaves the files as they are at that moment. */
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
              return yield* Bot.make(cell, "vesper", current)
            }),
          load: Option.some((key) => current === undefined ? Effect.succeedNone : Bot.load("vesper", current)(key)),
          onKill: () => {
            const before = folder()
            process++
            Fs.cpSync(before, folder(), { recursive: true })
          },
          setWall
        }
      })
    return Live.problemsOf(cell, start, layerOf(cell))
  }))

/** Plays a cell on a server, as the fleet of this name. */
export const onServer = (cell: Cell, name: string, database: Bot.Database) =>
  Live.problemsOf(cell, (setWall) =>
    Effect.succeed<Play.Setting>({
      makeBot: () => Bot.make(cell, name, database),
      load: Option.some(Bot.load(name, database)),
      onKill: () => {},
      setWall
    }), layerOf(cell))
