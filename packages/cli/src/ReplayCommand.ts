/**
 * `vesper replay`: a recording through the simulated gateway, for any bot.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Common from "./internal/options.js"
import * as Server from "./internal/serverOptions.js"

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

/**
 * @since 0.1.0
 * @category commands
 */
export const replayCommand = Command.make(
  "replay",
  { ...Server.options, file, shards, speed },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/replay.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Serves a simulated gateway that sends what vesper record has written, to any bot that connects. It begins when " +
      `the first shard is connected, and ends with the recording. ${Common.keys}`
  )
)
