/** A simulated gateway in front of the user's eyes. */
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SimulatorWatch from "../SimulatorWatch.js"
import * as Common from "./options.js"
import type * as ServerOptions from "./serverOptions.js"
import { told } from "./told.js"

/** Serves a simulated gateway as its options say, and shows it. */
export const serve = (
  given: ServerOptions.Parsed,
  what: Pick<SimulatorWatch.Options, "steps" | "title" | "traffic"> & {
    readonly simulator: Omit<GatewaySimulator.Options, "maxConcurrency" | "token">
  }
) =>
  Effect.flatMap(
    Common.modeOf(given.json),
    (mode) => SimulatorWatch.run({ ...given, ...what, mode, publicUrl: Option.getOrUndefined(given.publicUrl) })
  ).pipe(
    Effect.provide(GatewaySimulator.layer({
      ...what.simulator,
      token: Option.getOrUndefined(given.token),
      maxConcurrency: given.maxConcurrency
    })),
    Effect.catchTag("ListenError", told)
  )
