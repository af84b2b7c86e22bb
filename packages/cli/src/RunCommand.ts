/**
 * `vesper run`: shards on Discord's gateway.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { CliError } from "./CliError.js"
import * as ExitCode from "./ExitCode.js"
import * as Common from "./internal/options.js"
import * as Watch from "./Watch.js"

const atLeastOne = (value: number): Either.Either<number, string> =>
  value >= 1 ? Either.right(value) : Either.left(`${value} is too few: give a whole number of at least 1`)

const intents = Options.text("intents").pipe(
  Options.withDefault("Guilds,GuildMessages"),
  (option) =>
    Common.parsed(
      option,
      (names) =>
        Either.mapLeft(Intents.parse(names.split(",").filter((name) => name.trim() !== "")), (error) => error.message)
    ),
  Options.withDescription("What to be told of, separated by commas, such as Guilds,GuildMessages,MessageContent.")
)

const shards = Common.parsed(Options.integer("shards"), atLeastOne).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards to run; Discord wants one for every 2,500 guilds.")
)

const maxConcurrency = Common.parsed(Options.integer("max-concurrency"), atLeastOne).pipe(
  Options.withDefault(1),
  Options.withDescription("How many shards may identify at a time, as GET /gateway/bot says.")
)

const gatewayUrl = Options.text("gateway-url").pipe(
  Options.withDefault(ShardConfig.defaultGatewayUrl),
  Options.withDescription("Another gateway, such as a proxy or a simulated one.")
)

const tokenMissing = new CliError({
  message: "DISCORD_TOKEN is not set: put your bot's token into it, or try what needs none: vesper demo"
})

const token = Effect.mapError(ShardConfig.tokenConfig, () => tokenMissing)

const explain = (error: ConfigError.ConfigError): CliError =>
  new CliError({
    message: ConfigError.isInvalidData(error) ? `${error.path.join(".")}: ${error.message}` : String(error),
    exitCode: ExitCode.misused
  })

/**
 * @since 0.1.0
 * @category commands
 */
export const runCommand = Command.make(
  "run",
  { duration: Common.duration, gatewayUrl, intents, json: Common.json, maxConcurrency, shards },
  (options) =>
    Effect.gen(function*() {
      const config = ShardConfig.make({
        token: yield* token,
        intents: options.intents,
        gatewayUrl: options.gatewayUrl
      })
      const shardConfig = yield* Effect.mapError(config, explain)
      const services = Layer.mergeAll(
        Layer.succeed(ShardConfig.ShardConfig, shardConfig),
        IdentifyQueue.layerInMemory({ maxConcurrency: options.maxConcurrency }),
        NodeGateway.layer()
      )
      yield* Effect.provide(
        Watch.run({
          title: `vesper run: ${options.shards} shard${options.shards === 1 ? "" : "s"} on ${options.gatewayUrl}`,
          mode: yield* Common.modeOf(options.json),
          duration: options.duration,
          shards: Effect.forEach(ShardId.all(options.shards), Shard.make),
          beside: Effect.never,
          settle: () => Effect.succeed(0)
        }),
        services
      )
    })
).pipe(
  Command.withDescription("Runs shards on Discord's gateway. The bot's token comes from DISCORD_TOKEN.")
)
