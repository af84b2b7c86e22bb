/** What `vesper bench` does: it measures, and says what the figures mean. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Contestants from "../bench/contestants.js"
import { machine } from "../bench/machine.js"
import * as Processes from "../bench/processes.js"
import * as Tables from "../bench/tables.js"
import * as Throughput from "../bench/throughput.js"
import { compressionOf } from "../bench/wire.js"
import { CliError } from "../exit/exit.js"
import { writeLine } from "../tui/output.js"

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
  results: rows.map(({ client, cpu, eventsPerSecond, failure, mode, peak, ratio, ratios, survived }) => ({
    client,
    compression: compressionOf(mode),
    rounds: survived,
    ...(survived > 0 &&
      { cpuMicrosPerEvent: cpu, ratioToFloor: ratio, ratioRange: ratios, eventsPerSecond, peakBytes: peak }),
    ...(failure !== undefined && { failure })
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

export const run = (
  { json, ...options }: Pick<Throughput.Options, "events" | "modes" | "rounds"> & { readonly json: boolean }
) =>
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
