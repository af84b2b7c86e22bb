/**
 * `vesper bench`: what an event costs here, beside a bare socket.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Array from "effect/Array"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Contestants from "./bench/contestants.js"
import { machine } from "./bench/machine.js"
import * as Processes from "./bench/processes.js"
import * as Tables from "./bench/tables.js"
import * as Throughput from "./bench/throughput.js"
import * as Wire from "./bench/wire.js"
import { CliError } from "./CliError.js"
import { nearest } from "./internal/nearest.js"
import * as Common from "./internal/options.js"
import { writeLine } from "./internal/output.js"

/** As options name it; what the benchmark calls `json` is text without compression. */
const compressionOf = (mode: Wire.Mode): string => mode === "json" ? "none" : mode

const compressions: ReadonlyMap<string, Wire.Mode> = new Map(Wire.modes.map((mode) => [compressionOf(mode), mode]))

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

const pinned = (): string => Processes.cores === undefined ? "not pinned to cores" : "server and client on a core each"

/** From here on the code is compiled before the measuring begins. */
const warm = 20_000

/** What the figures say, and what they do not. */
const about = ({ events, rounds }: { readonly events: number; readonly rounds: number }): string =>
  `${machine()}; Node ${process.version}; ${pinned()}.
${events} made-up events of 1.1 KB on average over the loopback, as fast as the client reads; medians of ${rounds} rounds.

The floor is a bare ws that inflates and calls JSON.parse, and does nothing else: what any client has to do. CPU is user and
system time of the whole process once it is warm. So the ratio says what Vesper adds to a bot before its handlers; it can be
compared between machines, and the microseconds and events a second cannot. Discord sends far less than this, and a busy
machine makes the range wide: run it when nothing else runs.${
    events < warm ? `\n\nSo few events measure Node's compiler as much as the code: give --events ${warm} or more.` : ""
  }`

const results = (
  rows: ReadonlyArray<Throughput.Row>,
  { events, rounds }: { readonly events: number; readonly rounds: number }
) => ({
  machine: machine(),
  node: process.version,
  pinned: Processes.cores !== undefined,
  events,
  rounds,
  results: rows.map(({ client, cpu, eventsPerSecond, failure, mode, peak, ratio, ratios }) => ({
    client,
    compression: compressionOf(mode),
    ...(failure === undefined
      ? { cpuMicrosPerEvent: cpu, ratioToFloor: ratio, ratioRange: ratios, eventsPerSecond, peakBytes: peak }
      : { failure })
  }))
})

const measure = (options: Pick<Throughput.Options, "events" | "modes" | "rounds">) =>
  Effect.flatMap(Console.consoleWith(Effect.succeed), ({ unsafe }) =>
    Effect.tryPromise({
      try: (signal) =>
        Throughput.run({
          ...options,
          floor: Contestants.floor,
          contestants: Contestants.vesper,
          progress: unsafe.error,
          signal
        }),
      catch: (cause) =>
        new CliError({
          message: `nothing could be measured: ${cause instanceof Error ? cause.message : String(cause)}`
        })
    }))

/**
 * @since 0.1.0
 * @category commands
 */
export const benchCommand = Command.make(
  "bench",
  { events, json, modes, rounds },
  ({ json, ...options }) =>
    Effect.gen(function*() {
      const rows = yield* measure(options)
      yield* writeLine(
        json
          ? JSON.stringify(results(rows, options), null, 2)
          : [
            about(options),
            ...options.modes.map((mode) => Tables.throughput(rows, mode, mode === "json" ? "no compression" : mode))
          ].join("\n\n")
      )
      const failed = rows.filter(({ failure }) => failure !== undefined)
      if (failed.length > 0) {
        return yield* new CliError({
          message: failed.map(({ client, failure, mode }) => `${client}, ${compressionOf(mode)}: ${failure}`).join(
            "; "
          )
        })
      }
    })
).pipe(
  Command.withDescription(
    "Measures on this machine what an event costs: a Vesper shard beside a bare socket, each a process of its own that " +
      "reads a stream of made-up events as fast as it can. Needs no token and no network; takes a minute."
  )
)
