/** The output of the command: lines, colours, and a reader that closes it. */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { stripVTControlCharacters } from "node:util"
import { type CliError, describeFileError, failed, OutputClosed } from "../exit/index.js"
import { wrapLines } from "./text.js"

/** Of a terminal that does not know its size. */
export const [defaultColumns, defaultRows] = [80, 24]

/**
 * - `live`: a screen that is redrawn.
 * - `plain`: one line for each event and each notice.
 * - `json`: one line of JSON for each event; notices are written to the error output.
 */
export type Mode = "live" | "plain" | "json"

/** The mode of an output: a screen needs a terminal that can move its cursor. */
export const chooseMode = (isJson: boolean): Effect.Effect<Mode, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const isDumb = yield* Effect.orElseSucceed(
      Config.map(Config.string("TERM"), (name) => name === "dumb"),
      () => false
    )
    return isJson ? "json" : (yield* terminal.isTTY) && !isDumb ? "live" : "plain"
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
          : failed(`the output could not be written: ${describeFileError(error)}`)
      )
    ))

export const writeLine = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  write(`${text}\n`)

/** Writes text for readers: a terminal would divide words. */
export const writeText = (text: string): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  Effect.flatMap(
    Effect.flatMap(Terminal.Terminal, ({ columns, isTTY }) => Effect.all([columns, isTTY])),
    ([columns, isTTY]) => writeLine(isTTY ? wrapLines(text, columns || defaultColumns) : text)
  )

/** Writes a line that is not part of the data: with `json` to the error output. */
export const writeNotice = (
  mode: Mode,
  text: string
): Effect.Effect<void, CliError | OutputClosed, Terminal.Terminal> =>
  mode === "json" ? Console.error(text) : writeText(text)

/** True if the screen may have colours. NO_COLOR disables them unless it is empty: https://no-color.org */
export const hasColours: Effect.Effect<boolean> = Config.string("NO_COLOR").pipe(
  Effect.map((value) => value === ""),
  Effect.orElseSucceed(() => true)
)

/** Provides a console that writes colours to a terminal only, and wraps its errors there. */
export const provideConsole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(hasColours, (hasColours) =>
    Console.consoleWith((console) => {
      const colour = ({ isTTY }: NodeJS.WriteStream, args: ReadonlyArray<unknown>) =>
        args.map((arg) => typeof arg === "string" && !(hasColours && isTTY) ? stripVTControlCharacters(arg) : arg)
      const { columns, isTTY } = process.stderr
      const wrap = (arg: unknown) => typeof arg === "string" && isTTY ? wrapLines(arg, columns || defaultColumns) : arg
      return Console.withConsole(effect, {
        ...console,
        log: (...args) => console.log(...colour(process.stdout, args)),
        error: (...args) => console.error(...colour(process.stderr, args).map(wrap))
      })
    }))
