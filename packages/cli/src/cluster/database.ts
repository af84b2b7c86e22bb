/** The database that the runners of a cluster share. */
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { describeFileError, failed } from "../exit/index.js"

/** For a runner, which waits for the database to answer. */
export const layer = (url: Redacted.Redacted<string>, poolSize: Option.Option<number> = Option.none()) =>
  Layer.catchAllCause(NodeCluster.layerDatabase(url, { poolSize: Option.getOrUndefined(poolSize) }), (cause) => {
    // The driver dies of a file that is not a database, or in a folder that does not exist. The name of a file is not secret.
    const file = Redacted.value(url)
    const why = Option.match(Cause.dieOption(cause), {
      onNone: () => "did not answer: see --database, and whether it is up",
      onSome: (defect) =>
        /^\w+:/.test(file)
          ? "cannot be used: see --database"
          : `cannot be opened: ${file}: ${describeFileError(defect)}`
    })
    return Layer.fail(failed(`the cluster's database ${why}`))
  })

/** The time in which the database must answer a command. */
const patience = Duration.seconds(10)

/** Fails for a file that does not exist, which the driver would create. */
const requireFile = (url: Redacted.Redacted<string>) =>
  Effect.suspend(() => {
    const file = Redacted.value(url).replace(/^(sqlite|file):(\/\/)?/, "")
    return /^\w+:/.test(file) || existsSync(file)
      ? Effect.void
      : failed(`the cluster's database cannot be opened: ${file}: there is no such file; see --database`)
  })

/** For a command that sends one query, and fails without an answer. */
export const layerOnce = (url: Redacted.Redacted<string>) =>
  Layer.scopedContext(
    Effect.zipRight(requireFile(url), Layer.build(layer(url))).pipe(
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () => failed("the cluster's database did not answer: see --database, and whether it is up")
      })
    )
  )
