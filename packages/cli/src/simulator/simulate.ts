/** `vesper simulate`. */
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { SimulateOptions } from "../commands/index.js"
import { misused, readText } from "../exit/index.js"
import * as Scenario from "../scenario/index.js"
import { sendCommands, sendMessages } from "./messages.js"
import { serve } from "./serve.js"

const readScenario = (path: string) =>
  Effect.flatMap(
    readText(path),
    (text) => Either.mapLeft(Scenario.parse(text), (problem) => misused(`${path}: ${problem}`))
  )

export const simulate = (
  { faults, guilds, heartbeatInterval, interactions, rate, says, scenario, ...options }: SimulateOptions
) =>
  Effect.gen(function*() {
    const fromFile = yield* Option.match(scenario, { onNone: () => Effect.succeed([]), onSome: readScenario })
    yield* serve(options, {
      title: "vesper simulate",
      traffic: (simulator) =>
        Effect.raceAll([
          rate > 0 ? simulator.traffic({ eventsPerSecond: rate }) : Effect.never,
          sendMessages(simulator, says),
          sendCommands(simulator, interactions)
        ]),
      steps: [...faults, ...fromFile],
      simulator: { heartbeatInterval: Option.getOrUndefined(heartbeatInterval), world: World.make({ guilds }) }
    })
  })
