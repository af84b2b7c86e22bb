/** The database that a cluster's runners share, with what goes wrong with it in words. */
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CliError } from "../CliError.js"
import { reasonOf } from "./files.js"

export const layer = (url: Redacted.Redacted<string>) =>
  Layer.catchAllCause(NodeCluster.layerDatabase(url), (cause) => {
    // A file that is none, or lies in no folder, is a defect of the driver. Nothing of a file is secret.
    const file = Redacted.value(url)
    const why = Option.match(Cause.dieOption(cause), {
      onNone: () => "did not answer: see --database, and whether it is up",
      onSome: (defect) =>
        /^\w+:/.test(file) ? "cannot be used: see --database" : `cannot be opened: ${file}: ${reasonOf(defect)}`
    })
    return Layer.fail(new CliError({ message: `the cluster's database ${why}` }))
  })
