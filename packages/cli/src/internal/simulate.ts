/** What `vesper simulate` does. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as World from "@vesper/testing/World"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { CliError } from "../CliError.js"
import * as ExitCode from "../ExitCode.js"
import * as ScenarioFile from "../ScenarioFile.js"
import * as Files from "./files.js"
import type * as ServerOptions from "./serverOptions.js"
import * as Server from "./serveSimulator.js"
import { speak } from "./speak.js"

const readScenario = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(
      fileSystem.readFileString(path),
      (error) =>
        new CliError({ message: `${path} cannot be read: ${Files.reasonOf(error)}`, exitCode: ExitCode.misused })
    )
    return yield* Either.mapLeft(
      ScenarioFile.parse(text),
      (problem) => new CliError({ message: `${path}: ${problem}`, exitCode: ExitCode.misused })
    )
  })

interface Options extends ServerOptions.Parsed {
  readonly faults: ReadonlyArray<ScenarioFile.Step>
  readonly guilds: number
  readonly heartbeatInterval: Option.Option<Duration.Duration>
  readonly rate: number
  readonly says: ReadonlyArray<string>
  readonly scenario: Option.Option<string>
}

export const run = ({ faults, guilds, heartbeatInterval, rate, says, scenario, ...options }: Options) =>
  Effect.gen(function*() {
    const fromFile = yield* Option.match(scenario, { onNone: () => Effect.succeed([]), onSome: readScenario })
    const world = World.make({ guilds })
    yield* Server.serve(options, {
      title: "vesper simulate",
      traffic: (simulator) =>
        Effect.raceFirst(
          rate > 0 ? simulator.traffic({ eventsPerSecond: rate }) : Effect.never,
          speak(simulator, world, says)
        ),
      steps: [...faults, ...fromFile],
      simulator: {
        heartbeatInterval: Option.getOrUndefined(heartbeatInterval),
        world
      }
    })
  })
