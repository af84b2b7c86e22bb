/** Signals from the callbacks of a connection to its fiber. */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Diagnostic from "../../Diagnostic.js"
import type { Disconnect } from "../reconnect/index.js"

export type Signal = Data.TaggedEnum<{
  Hello: { readonly interval: Duration.Duration }
  /** READY or RESUMED. */
  Established: {}
  CommandEnqueued: {}
  Diagnosed: { readonly diagnostic: Diagnostic.Diagnostic }
  Ended: { readonly reason: Disconnect }
}>

export const Signal = Data.taggedEnum<Signal>()
