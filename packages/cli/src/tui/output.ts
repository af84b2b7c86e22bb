/** The output of the command: lines, colours, and a reader that closes it. */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { stripVTControlCharacters } from "node:util"
import { type CliError, failed, OutputClosed } from "../exit/index.js"

/**
 * - `live`: a screen that is redrawn.
 * - `plain`: one line for each event and each notice.
 * - `json`: one line of JSON for each event; notices are written to the error output.
 */
export type Mode = "live" | "plain" | "json"

/** The mode of an output: a screen needs a terminal. */
export const chooseMode = (isJson: boolean): Effect.Effect<Mode, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    return isJson ? "json" : (yield* terminal.isTTY) ? "live" : "plain"
  })

const isBrokenPipe = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && (cause.code === "EPIPE" || cause.code === "ERR_STREAM_DESTROYED")

/**
 * Completes when the text was written: a slow reader slows the shards down. A write to a blocked pipe cannot be cancelled;
 * `disconnect` lets the program end before it.
 */
export const write = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  Effect.flatMap(Terminal.Terminal, (terminal) =>
    Effect.disconnect(terminal.display(text)).pipe(
      Effect.mapError((error) =>
        "cause" in error && isBrokenPipe(error.cause)
          ? new OutputClosed()
          : failed(`the output could not be written: ${error.message}`)
      )
    ))

export const writeLine = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  write(`${text}\n`)

/** Writes a line that is not part of the data: with `json` to the error output. */
export const writeNotice = (
  mode: Mode,
  text: string
): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  mode === "json" ? Console.error(text) : writeLine(text)

/**
 * True if the screen may have colours. NO_COLOR disables them unless it is empty.
 *
 * @see https://no-color.org
 */
export const hasColours: Effect.Effect<boolean> = Config.string("NO_COLOR").pipe(
  Effect.map((value) => value === ""),
  Effect.orElseSucceed(() => true)
)

const strip = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  args.map((arg) => typeof arg === "string" ? stripVTControlCharacters(arg) : arg)

/** Provides a console that writes colours to a terminal only. */
export const provideConsole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(hasColours, (hasColours) =>
    Console.consoleWith((console) => {
      const isPlain = (stream: { readonly isTTY?: boolean }) => !hasColours || stream.isTTY !== true
      return Console.withConsole(effect, {
        ...console,
        log: (...args) => console.log(...(isPlain(process.stdout) ? strip(args) : args)),
        error: (...args) => console.error(...(isPlain(process.stderr) ? strip(args) : args))
      })
    }))
