/** `vesper replay`. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { ReplayOptions } from "../commands/index.js"
import { type CliError, describeFileError, misused } from "../exit/index.js"
import { Recorder, Recording } from "../recording/index.js"
import { serve } from "./serve.js"

/** The number of events that are sent before the sockets are served. */
const batchSize = 200

/** Time for the last events to arrive before the connections are closed. */
const grace = "1 second"

const lines = (path: string, onCut?: () => void): Stream.Stream<Recording.RecordedEvent, CliError> =>
  Stream.fromAsyncIterable(
    Recorder.read(path, onCut),
    (cause) => misused(`${path} cannot be read: ${describeFileError(cause)}`)
  ).pipe(
    Stream.zipWithIndex,
    Stream.mapEffect(([line, index]) =>
      Either.mapLeft(
        Recording.decode(line),
        (problem) => misused(`${path}, line ${index + 1}: ${problem}; give a file that vesper record has written`)
      )
    )
  )

const awaitShards = (simulator: GatewaySimulator.GatewaySimulator, count: number) =>
  Effect.repeat(simulator.sessions, {
    schedule: Schedule.spaced("50 millis"),
    until: (sessions) => sessions.filter(({ isConnected }) => isConnected).length >= count
  })

const traffic =
  (path: string, options: { readonly speed: number; readonly shards: number; readonly onCut: () => void }) =>
  (simulator: GatewaySimulator.GatewaySimulator): Effect.Effect<void, CliError> =>
    Effect.gen(function*() {
      yield* awaitShards(simulator, options.shards)
      let last: number | undefined
      let sent = 0
      yield* Stream.runForEach(lines(path, options.onCut), (line) => {
        const millis = Recording.timeBetween(last ?? line.at, line.at, options.speed)
        last = line.at
        if (Recording.isSessionStart(line)) {
          return Effect.sleep(millis)
        }
        const guildId = Recording.getGuildId(line)
        const dispatch = simulator.dispatch({ t: line.t, d: line.d, ...(guildId === undefined ? {} : { guildId }) })
        const pause = ++sent % batchSize === 0 ? Effect.sleep("1 millis") : Effect.void
        return millis < 1 ? Effect.zipRight(dispatch, pause) : Effect.delay(dispatch, millis)
      })
      yield* Effect.sleep(grace)
    })

export const replay = ({ file, shards, speed, ...options }: ReplayOptions) =>
  Effect.gen(function*() {
    // A file that is missing or is not a recording fails before a bot connects.
    if (Option.isNone(yield* Stream.runHead(lines(file)))) {
      return yield* misused(`${file} has no complete event: it is empty, or was cut off`)
    }
    let isCut = false
    const onCut = () => {
      isCut = true
    }
    yield* serve(options, {
      title: "vesper replay",
      traffic: traffic(file, { shards, speed, onCut }),
      steps: [],
      simulator: {}
    })
    if (isCut) {
      yield* Console.error(`vesper: ${file} was cut off: the events at its end are missing`)
    }
  })
