/** A console that has colours on a terminal only, and not where NO_COLOR asks for none. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import * as Live from "./live.js"

const bare = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  args.map((arg) => typeof arg === "string" ? stripVTControlCharacters(arg) : arg)

/** Runs an effect with such a console. */
export const provide = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Live.hasColours, (hasColours) =>
    Console.consoleWith((console) => {
      const isPlain = (stream: { readonly isTTY?: boolean }) => !hasColours || stream.isTTY !== true
      return Console.withConsole(effect, {
        ...console,
        log: (...args) => console.log(...(isPlain(process.stdout) ? bare(args) : args)),
        error: (...args) => console.error(...(isPlain(process.stderr) ? bare(args) : args))
      })
    }))
