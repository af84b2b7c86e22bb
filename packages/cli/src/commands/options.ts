/** Options that several commands have, and readers of their values. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Intents from "@vesper/model/Intents"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { parseDuration, ShardSelection } from "../config/index.js"

/** Adds a reader that can fail. Its message is reported with the name of the option. */
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

/** An option that may be left out. */
export const optional = <A>(option: Options.Options<A>, description: string): Options.Options<Option.Option<A>> =>
  option.pipe(Options.optional, Options.withDescription(description))

/** An option with a default, which the description states as `written`. */
export const withDefault = <A, const B>(
  option: Options.Options<A>,
  value: B,
  description: string,
  written = String(value)
): Options.Options<A | B> =>
  option.pipe(Options.withDefault(value), Options.withDescription(`${description} Default: ${written}.`))

/** A text, whose name in the help is that of its form. */
export const text = (name: string, form: string): Options.Options<string> =>
  Options.text(name).pipe(Options.withPseudoName(form))

/** A text that may be given many times. */
export const repeated = (name: string, form: string, description: string): Options.Options<ReadonlyArray<string>> =>
  text(name, form).pipe(Options.withDescription(description), Options.repeated)

export const flag = (name: string, description: string): Options.Options<boolean> =>
  Options.boolean(name).pipe(Options.withDescription(description))

const inRange = (min: number, max: number) => (value: number): Either.Either<number, string> =>
  value < min
    ? Either.left(`${value} is too few: give a number of at least ${min}`)
    : value > max
    ? Either.left(`${value} is too many: give a number of at most ${max}`)
    : Either.right(value)

const number = (name: string, pattern: RegExp, kind: string, [min, max]: readonly [number, number]) =>
  parsed(text(name, "number"), (text) =>
    pattern.test(text.trim())
      ? inRange(min, max)(Number(text))
      : Either.left(`"${text}" is not a ${kind}: give one from ${min} to ${max}`))

/** A whole number of a range. */
export const integer = (name: string, min: number, max: number): Options.Options<number> =>
  number(name, /^-?\d+$/, "whole number", [min, max])

/** A number of a range. */
export const decimal = (name: string, min: number, max: number): Options.Options<number> =>
  number(name, /^-?\d+(\.\d+)?$/, "number", [min, max])

export const port = (name: string): Options.Options<number> =>
  integer(name, 0, 65_535).pipe(Options.withPseudoName("port"))

/** The total of a bot's shards. */
export const shardTotal = (name: string): Options.Options<number> => integer(name, 1, ShardSelection.maxTotal)

const url = (schemes: ReadonlyArray<string>) => (text: string): Either.Either<string, string> =>
  URL.canParse(text) && schemes.includes(new URL(text).protocol)
    ? Either.right(text)
    : Either.left(`"${text}" is not a URL of ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`)

/** The URL of a gateway. */
export const websocketUrl = (name: string): Options.Options<string> => parsed(text(name, "url"), url(["ws:", "wss:"]))

export const gatewayUrl: Options.Options<Option.Option<string>> = optional(
  websocketUrl("gateway-url"),
  "Another gateway, such as a proxy or ws://127.0.0.1:8080/ of vesper simulate. Without it, the one that GET " +
    "/gateway/bot names."
)

export const apiUrl: Options.Options<Option.Option<string>> = optional(
  parsed(text("api-url", "url"), url(["http:", "https:"])),
  "Another API, such as http://127.0.0.1:8080/api/v10 of vesper simulate. Without it https://discord.com/api/v10."
)

/** The number of shards that may identify at a time. */
export const maxConcurrency: Options.Options<Option.Option<number>> = optional(
  integer("max-concurrency", 1, 10_000),
  "How many shards may identify at a time. Default: the value from GET /gateway/bot."
)

/** A duration, such as `10s`. */
export const time = (name: string): Options.Options<Duration.Duration> => parsed(text(name, "time"), parseDuration)

export const duration: Options.Options<Option.Option<Duration.Duration>> = optional(
  time("duration"),
  "How long to run, such as 10s or 2m. Without it, until Ctrl-C."
)

export const json: Options.Options<boolean> = flag(
  "json",
  "Prints one event a line, as JSON; notices and the summary go to the error output."
)

export const http: Options.Options<Option.Option<number>> = optional(
  port("http"),
  "Serves a status page at http://127.0.0.1:port/, with /metrics for Prometheus, /healthz and /readyz; 0 takes any " +
    "port that is free. Default: no status page."
)

/** Names that are separated by commas. */
export const words = (text: string): ReadonlyArray<string> =>
  text.split(",").map((word) => word.trim()).filter((word) => word !== "")

export const intents: Options.Options<Intents.Intents> = text("intents", "names").pipe(
  Options.withDefault("Guilds,GuildMessages"),
  (option) => parsed(option, (names) => Either.mapLeft(Intents.parse(words(names)), (error) => error.message)),
  Options.withDescription(
    "The intents, separated by commas, such as Guilds,GuildMessages,MessageContent; see vesper intents. Without it " +
      "Guilds,GuildMessages."
  )
)

/** The database of a cluster. Its URL has a password, which `ps` would show: it may be given in the environment. */
export const database: Options.Options<Redacted.Redacted<string>> = Options.redacted("database").pipe(
  Options.withPseudoName("file or url"),
  Options.withFallbackConfig(Config.redacted("VESPER_DATABASE")),
  Options.withDefault(Redacted.make("vesper.db")),
  (option) =>
    parsed(option, (place) =>
      Redacted.value(place).trim() === ""
        ? Either.left("it is empty: give a file, or the URL of a database")
        : Either.right(place)),
  Options.withDescription(
    "The database of the runners: postgres://user:password@host/name, or a file, for one machine. Also from " +
      "VESPER_DATABASE. Default: vesper.db."
  )
)

/** The keys of a live view, as the help describes them. */
export const keys =
  "On a terminal p pauses the log, / filters it, such as by MESSAGE_CREATE, #3 for a shard, or both, ? shows all keys, and q " +
  "quits."
