/** The database that a cluster's runners share, with what goes wrong with it in words. */
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CliError } from "../CliError.js"
import { reasonOf } from "./files.js"

/** For a runner, which waits for a database that does not answer yet. */
export const layer = (url: Redacted.Redacted<string>, poolSize: Option.Option<number> = Option.none()) =>
  Layer.catchAllCause(NodeCluster.layerDatabase(url, { poolSize: Option.getOrUndefined(poolSize) }), (cause) => {
    // A file that is none, or lies in no folder, is a defect of the driver. Nothing of a file is secret.
    const file = Redacted.value(url)
    const why = Option.match(Cause.dieOption(cause), {
      onNone: () => "did not answer: see --database, and whether it is up",
      onSome: (defect) =>
        /^\w+:/.test(file) ? "cannot be used: see --database" : `cannot be opened: ${file}: ${reasonOf(defect)}`
    })
    return Layer.fail(new CliError({ message: `the cluster's database ${why}` }))
  })

/** How long a command waits for the database to answer at all. */
const patience = Duration.seconds(10)

/** For a command that asks once, and ends if there is no answer. */
export const layerOnce = (url: Redacted.Redacted<string>) =>
  Layer.scopedContext(
    Layer.build(layer(url)).pipe(
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () =>
          new CliError({ message: "the cluster's database did not answer: see --database, and whether it is up" })
      })
    )
  )
