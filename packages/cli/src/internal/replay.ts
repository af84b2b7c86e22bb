/** What `vesper replay` does. */
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { CliError } from "../CliError.js"
import * as ExitCode from "../ExitCode.js"
import * as Recording from "../Recording.js"
import * as Files from "./files.js"
import * as Recorder from "./recorder.js"
import type * as ServerOptions from "./serverOptions.js"
import * as Server from "./serveSimulator.js"

/** So many events go out before the sockets get their turn. */
const batchSize = 200

/** For the last events to arrive before the connections are closed. */
const grace = "1 second"

const lines = (path: string): Stream.Stream<Recording.Line, CliError> =>
  Stream.fromAsyncIterable(
    Recorder.read(path),
    (cause) => new CliError({ message: `${path} cannot be read: ${Files.reasonOf(cause)}`, exitCode: ExitCode.misused })
  ).pipe(
    Stream.zipWithIndex,
    Stream.mapEffect(([line, index]) =>
      Either.mapLeft(Recording.decode(line), (problem) =>
        new CliError({
          message: `${path}, line ${index + 1}: ${problem}; a recording is what vesper record has written`,
          exitCode: ExitCode.misused
        }))
    )
  )

const awaitShards = (simulator: GatewaySimulator.GatewaySimulator, count: number) =>
  Effect.repeat(Effect.zipRight(Effect.sleep("50 millis"), simulator.sessions), {
    until: (sessions) => sessions.filter(({ isConnected }) => isConnected).length >= count
  })

const replay =
  (path: string, options: { readonly speed: number; readonly shards: number }) =>
  (simulator: GatewaySimulator.GatewaySimulator): Effect.Effect<void, CliError> =>
    Effect.gen(function*() {
      yield* awaitShards(simulator, options.shards)
      let last: number | undefined
      let sent = 0
      yield* Stream.runForEach(lines(path), (line) => {
        const millis = Recording.wait(last ?? line.at, line.at, options.speed)
        last = line.at
        if (Recording.isSession(line)) {
          return Effect.sleep(millis)
        }
        const guildId = Recording.guildOf(line)
        const dispatch = simulator.dispatch({ t: line.t, d: line.d, ...(guildId === undefined ? {} : { guildId }) })
        const pause = ++sent % batchSize === 0 ? Effect.sleep("1 millis") : Effect.void
        return millis < 1 ? Effect.zipRight(dispatch, pause) : Effect.delay(dispatch, millis)
      })
      yield* Effect.sleep(grace)
    })

interface Options extends ServerOptions.Parsed {
  readonly file: string
  readonly shards: number
  readonly speed: number
}

export const run = ({ file, shards, speed, ...options }: Options) =>
  Effect.gen(function*() {
    // Tells before anybody connects that the file is not there, or is none.
    yield* Stream.runDrain(Stream.take(lines(file), 1))
    yield* Server.serve(options, {
      title: "vesper replay",
      traffic: replay(file, { shards, speed }),
      steps: [],
      simulator: {}
    })
  })
