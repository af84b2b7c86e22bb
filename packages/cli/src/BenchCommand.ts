/**
 * `vesper bench`: what an event costs here, beside a bare socket.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Wire from "./bench/wire.js"
import { nearest } from "./config/suggestion.js"
import * as Common from "./commands/options.js"

const compressions: ReadonlyMap<string, Wire.Mode> = new Map(Wire.modes.map((mode) => [Wire.compressionOf(mode), mode]))

const findMode = (word: string): Either.Either<Wire.Mode, string> => {
  const mode = compressions.get(word)
  return mode === undefined
    ? Either.left(
      `"${word}" is no compression; did you mean ${nearest(word, Array.fromIterable(compressions.keys()))}?`
    )
    : Wire.isSupported(mode)
    ? Either.right(mode)
    : Either.left(`this Node (${process.version}) cannot compress ${word}: it takes Node 22.15 or newer`)
}

const modes = Common.parsed(Options.text("compression"), (words) => Either.all(Common.words(words).map(findMode))).pipe(
  Options.withPseudoName("names"),
  Options.withDefault(Wire.modes.filter(Wire.isSupported)),
  Options.withDescription(
    "How the events are compressed, separated by commas: none, zlib-stream, zstd-stream. Default: all that this Node can."
  )
)

const events = Common.integer("events", 1_000, 1_000_000).pipe(
  Options.withDefault(50_000),
  Options.withDescription("How many events each client reads in a round. Default: 50000.")
)

const rounds = Common.integer("rounds", 1, 100).pipe(
  Options.withDefault(3),
  Options.withDescription("How often each client runs; the figures are medians. Default: 3.")
)

const json = Options.boolean("json").pipe(
  Options.withDescription("The results as one object of JSON; the progress goes to the error output.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const benchCommand = Command.make(
  "bench",
  { events, json, modes, rounds },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/measure.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Measures on this machine what an event costs: a Vesper shard beside a bare socket, each a process of its own that " +
      "reads a stream of made-up events as fast as it can. Needs no token and no network; takes a minute."
  )
)
