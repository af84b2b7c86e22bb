/**
 * `vesper replay`: a recording through the simulated gateway, for any bot.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import * as Files from "./internal/files.js"
import * as Common from "./internal/options.js"
import * as Recorder from "./internal/recorder.js"
import * as Server from "./internal/serverOptions.js"
import * as Recording from "./Recording.js"

const file = Args.text({ name: "file" }).pipe(
  Args.withDescription("What vesper record has written.")
)

const parseSpeed = (text: string): Either.Either<number, string> => {
  const [, amount] = /^(\d+(?:\.\d+)?)x?$/.exec(text.trim()) ?? []
  return text.trim() === "max"
    ? Either.right(Infinity)
    : amount === undefined || Number(amount) === 0
    ? Either.left(`"${text}" is no speed: give 1x, 10x, 0.5x or max`)
    : Either.right(Number(amount))
}

const speed = Common.parsed(Options.text("speed"), parseSpeed).pipe(
  Options.withPseudoName("1x|10x|max"),
  Options.withDefault(1),
  Options.withDescription("How fast: 1x as it was recorded, 10x ten times as fast, max without waiting. Default: 1x.")
)

const shards = Common.integer("shards", 1, Common.mostShards).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards must be connected before it begins. Default: 1.")
)

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

/**
 * @since 0.1.0
 * @category commands
 */
export const replayCommand = Command.make(
  "replay",
  { ...Server.options, file, shards, speed },
  ({ file, shards, speed, ...options }) =>
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
).pipe(
  Command.withDescription(
    "Serves a simulated gateway that sends what vesper record has written, to any bot that connects. It begins when " +
      "the first shard is connected, and ends with the recording."
  )
)
