/** What the subcommands have in common on the command line. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Terminal from "@effect/platform/Terminal"
import * as Intents from "@vesper/model/Intents"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Watch from "../Watch.js"
import { parseDuration } from "./duration.js"

/** Makes a reading that can fail part of an option; what is wrong is told with the option's name. */
export const parsed = <A, B>(
  option: Options.Options<A>,
  read: (value: A) => Either.Either<B, string>
): Options.Options<B> => {
  const name = Option.match(Options.getIdentifier(option), { onNone: () => "", onSome: (name) => `${name}: ` })
  return Options.mapEffect(
    option,
    (value) => Either.mapLeft(read(value), (problem) => ValidationError.invalidValue(HelpDoc.p(name + problem)))
  )
}

/** For numbers that only make sense from here to there. */
export const inRange = (min: number, max: number) => (value: number): Either.Either<number, string> =>
  value < min
    ? Either.left(`${value} is too few: give a number of at least ${min}`)
    : value > max
    ? Either.left(`${value} is too many: give a number of at most ${max}`)
    : Either.right(value)

const numberOf = (name: string, pattern: RegExp, kind: string, [min, max]: readonly [number, number]) =>
  parsed(
    Options.text(name),
    (text) =>
      pattern.test(text.trim())
        ? inRange(min, max)(Number(text))
        : Either.left(`"${text}" is no ${kind}: give one from ${min} to ${max}`)
  ).pipe(Options.withPseudoName("number"))

/** A whole number from here to there. */
export const integer = (name: string, min: number, max: number): Options.Options<number> =>
  numberOf(name, /^-?\d+$/, "whole number", [min, max])

/** A number from here to there. */
export const decimal = (name: string, min: number, max: number): Options.Options<number> =>
  numberOf(name, /^-?\d+(\.\d+)?$/, "number", [min, max])

export const port = (name: string): Options.Options<number> =>
  integer(name, 0, 65_535).pipe(Options.withPseudoName("port"))

/** More than any bot has; rather a slip of the finger. */
export const mostShards = 100_000

const urlOf = (schemes: ReadonlyArray<string>) => (text: string): Either.Either<string, string> =>
  URL.canParse(text) && schemes.includes(new URL(text).protocol)
    ? Either.right(text)
    : Either.left(`"${text}" is no URL of ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`)

/** A URL of a gateway. */
export const websocketUrl = (name: string): Options.Options<string> =>
  parsed(Options.text(name), urlOf(["ws:", "wss:"])).pipe(Options.withPseudoName("url"))

export const gatewayUrl: Options.Options<Option.Option<string>> = websocketUrl("gateway-url").pipe(
  Options.optional,
  Options.withDescription(
    "Another gateway, such as a proxy or ws://127.0.0.1:8080/ of vesper simulate. Without it, the one that GET " +
      "/gateway/bot names."
  )
)

/** How many shards may identify at a time, if somebody says so. */
export const maxConcurrency: Options.Options<Option.Option<number>> = integer("max-concurrency", 1, 10_000).pipe(
  Options.optional,
  Options.withDescription("How many shards may identify at a time. Without it, what GET /gateway/bot says.")
)

/** How long something takes, such as `10s`. */
export const time = (name: string): Options.Options<Duration.Duration> =>
  parsed(Options.text(name), parseDuration).pipe(Options.withPseudoName("time"))

export const duration: Options.Options<Option.Option<Duration.Duration>> = time("duration").pipe(
  Options.withDescription("How long to run, such as 10s or 2m. Without it, until Ctrl-C."),
  Options.optional
)

export const json: Options.Options<boolean> = Options.boolean("json").pipe(
  Options.withDescription("One event a line, as JSON; notices and the summary go to the error output.")
)

/** A screen needs a terminal; anything else gets lines. */
export const modeOf = (isJson: boolean): Effect.Effect<Watch.Mode, never, Terminal.Terminal> =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    return isJson ? "json" : (yield* terminal.isTTY) ? "live" : "plain"
  })

export const http: Options.Options<Option.Option<number>> = port("http").pipe(
  Options.optional,
  Options.withDescription(
    "Serves a status page at http://127.0.0.1:port/, with /metrics for Prometheus, /healthz and /readyz; 0 takes any " +
      "port that is free. Without it, none."
  )
)

export const apiUrl: Options.Options<Option.Option<string>> = parsed(
  Options.text("api-url"),
  urlOf(["http:", "https:"])
).pipe(
  Options.withPseudoName("url"),
  Options.optional,
  Options.withDescription(
    "Another API, such as http://127.0.0.1:8080/api/v10 of vesper simulate. Without it https://discord.com/api/v10."
  )
)

/** Names that are separated by commas. */
export const words = (text: string): ReadonlyArray<string> =>
  text.split(",").map((word) => word.trim()).filter((word) => word !== "")

export const intents: Options.Options<Intents.Intents> = Options.text("intents").pipe(
  Options.withPseudoName("names"),
  Options.withDefault("Guilds,GuildMessages"),
  (option) => parsed(option, (names) => Either.mapLeft(Intents.parse(words(names)), (error) => error.message)),
  Options.withDescription(
    "What to be told of, separated by commas, such as Guilds,GuildMessages,MessageContent; see vesper intents. " +
      "Without it Guilds,GuildMessages."
  )
)

/** What the keys of the view do, for the help. */
export const keys =
  "On a terminal p pauses the log, / filters it, such as by MESSAGE_CREATE, #3 for a shard, or both, and q ends it."
