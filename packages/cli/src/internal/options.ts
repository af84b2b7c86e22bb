/** What the subcommands have in common on the command line. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Terminal from "@effect/platform/Terminal"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import { CliError } from "../CliError.js"
import type * as Watch from "../Watch.js"
import { parseDuration } from "./duration.js"

/** Makes a reading that can fail part of an option. */
export const parsed = <A, B>(
  option: Options.Options<A>,
  read: (value: A) => Either.Either<B, string>
): Options.Options<B> =>
  Options.mapEffect(
    option,
    (value) => Either.mapLeft(read(value), (problem) => ValidationError.invalidValue(HelpDoc.p(problem)))
  )

/** For numbers that only make sense from here to there. */
export const inRange = (min: number, max: number) => (value: number): Either.Either<number, string> =>
  value < min
    ? Either.left(`${value} is too few: give a number of at least ${min}`)
    : value > max
    ? Either.left(`${value} is too many: give a number of at most ${max}`)
    : Either.right(value)

export const duration: Options.Options<Option.Option<Duration.Duration>> = Options.text("duration").pipe(
  (option) => parsed(option, parseDuration),
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

export const http: Options.Options<Option.Option<number>> = parsed(Options.integer("http"), inRange(0, 65_535)).pipe(
  Options.withPseudoName("port"),
  Options.optional,
  Options.withDescription(
    "Serves a status page at http://127.0.0.1:port/, with /metrics for Prometheus, /healthz and /readyz. 0 takes any " +
      "port that is free."
  )
)

export const apiUrl: Options.Options<Option.Option<string>> = Options.text("api-url").pipe(
  Options.withPseudoName("url"),
  Options.optional,
  Options.withDescription(
    `Another API, such as http://127.0.0.1:8080/api/v10 of vesper simulate. Without it ${GatewayApi.defaultBaseUrl}.`
  )
)

/** The bot's token is no option: it would stand in the list of processes, and in the shell's history. */
export const token = Effect.mapError(ShardConfig.tokenConfig, () =>
  new CliError({
    message: "DISCORD_TOKEN is not set: put your bot's token into it, or try what needs none: vesper demo"
  }))

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
