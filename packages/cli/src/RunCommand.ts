/**
 * `vesper run`: shards on Discord's gateway.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Fleet from "@vesper/gateway/Fleet"
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as EventType from "@vesper/model/EventType"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CliError } from "./CliError.js"
import { runCluster } from "./ClusterCommand.js"
import * as ExitCode from "./ExitCode.js"
import { database } from "./internal/databaseOption.js"
import * as FileStore from "./internal/fileStore.js"
import * as Recorder from "./internal/recorder.js"
import { orRather } from "./internal/nearest.js"
import * as Common from "./internal/options.js"
import * as Recording from "./Recording.js"
import * as Shards from "./Shards.js"
import * as Watch from "./Watch.js"

const findEvent = (word: string): Either.Either<EventType.EventType, string> => {
  const name = word.toUpperCase().replace(/[^A-Z0-9]+/g, "_")
  return EventType.isKnown(name)
    ? Either.right(name)
    : Either.left(
      `"${word}" is no event${orRather(word, EventType.all)} (all: vesper intents)`
    )
}

const events = Common.parsed(Options.text("events"), (names) => Either.all(Common.words(names).map(findEvent))).pipe(
  Options.withPseudoName("names"),
  Options.optional,
  Options.withDescription(
    "The only events to read, separated by commas, such as MESSAGE_CREATE,TYPING_START; others are skipped unparsed. " +
      "Without it, all that the intents let through."
  )
)

const shards = Common.parsed(Options.text("shards"), Shards.parse).pipe(
  Options.withPseudoName("auto|N|A-B/N"),
  Options.withDefault(Shards.All({ total: 1 })),
  Options.withDescription(
    "Which shards to run: auto takes as many as Discord recommends, 4 all of four, 0-15/64 the first 16 of 64, 3/64 one " +
      "of them. Without it, the only one. Discord wants one for every 2,500 guilds."
  )
)

const compression = Options.choice("compression", ["auto", "none", "zlib-stream", "zstd-stream"]).pipe(
  Options.withDefault("auto"),
  Options.withDescription(
    "How the gateway compresses what it sends; auto is what costs this Node the least. Default: auto."
  )
)

const resumeFile = Options.text("resume-file").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription(
    "Where sessions are kept, so that the next run resumes them and misses no event. The file is made if there is none. Without it, they end with " +
      "the process."
  )
)

const explain = (error: ConfigError.ConfigError): CliError =>
  new CliError({
    message: ConfigError.isInvalidData(error) ? `${error.path.join(".")}: ${error.message}` : String(error),
    exitCode: ExitCode.misused
  })

interface Facts {
  readonly gatewayUrl: string
  readonly recommended: number
  readonly queue: Effect.Effect<IdentifyQueue.IdentifyQueue, CliError, Scope.Scope>
  /** None if it was not asked. */
  readonly api: Option.Option<GatewayApi.GatewayApi>
}

const told = ({ message }: { readonly message: string }) => new CliError({ message })

/** Asks GET /gateway/bot, unless the gateway is named and its API is not. */
const askApi = (
  options: {
    readonly gatewayUrl: Option.Option<string>
    readonly apiUrl: Option.Option<string>
    readonly maxConcurrency: Option.Option<number>
    readonly shards: Shards.Shards
  },
  token: Parameters<typeof GatewayApi.make>[0]["token"]
): Effect.Effect<Facts, CliError> =>
  Effect.gen(function*() {
    if (Option.isSome(options.gatewayUrl) && Option.isNone(options.apiUrl)) {
      if (options.shards._tag === "Auto") {
        return yield* new CliError({
          message: "--shards auto asks the API: name it with --api-url as well, such as http://127.0.0.1:8080/api/v10",
          exitCode: ExitCode.misused
        })
      }
      const maxConcurrency = Option.getOrElse(options.maxConcurrency, () => 1)
      return {
        gatewayUrl: options.gatewayUrl.value,
        recommended: 1,
        queue: IdentifyQueue.makeInMemory({ maxConcurrency }),
        api: Option.none()
      }
    }
    const api = yield* GatewayApi.make({ token, baseUrl: Option.getOrUndefined(options.apiUrl) })
    const answer = yield* Effect.mapError(api.gatewayBot, told)
    const queue = Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeFromApi()
      yield* queue.update({ maxConcurrency: Option.getOrUndefined(options.maxConcurrency) })
      return queue
    })
    return {
      gatewayUrl: Option.getOrElse(options.gatewayUrl, () => answer.url),
      recommended: answer.shards,
      api: Option.some(api),
      queue: Effect.mapError(Effect.provideService(queue, GatewayApi.GatewayApi, api), told)
    }
  }).pipe(Effect.provide(FetchHttpClient.layer))

/** Without a file sessions live as long as the process does. */
const layerStore = (file: Option.Option<string>) =>
  Option.match(file, {
    onNone: () => Layer.empty,
    onSome: (path) =>
      SessionStore.layerKeyValueStore.pipe(
        Layer.provide(Layer.effect(KeyValueStore.KeyValueStore, FileStore.make(path)))
      )
  })

const reshardEvery = Common.time("auto-reshard").pipe(
  Options.optional,
  Options.withDescription(
    "Looks so often, such as 1h, whether shards are nearly full or Discord recommends many more, and replaces them by as " +
      "many as it recommends: without a gap, but lost events cannot be counted then. Without it, they stay as they are."
  )
)

const misuse = (message: string) => new CliError({ message, exitCode: ExitCode.misused })

/** Who looks after the number of shards, if somebody is to. */
const autoReshard = (
  { autoReshard, shards }: { readonly autoReshard: Option.Option<Duration.Duration>; readonly shards: Shards.Shards },
  { api }: Facts
): Effect.Effect<(fleet: Fleet.Fleet) => Effect.Effect<never>, CliError> => {
  if (Option.isNone(autoReshard)) {
    return Effect.succeed(() => Effect.never)
  }
  if (shards._tag === "Range") {
    return misuse("--auto-reshard takes a process that has all shards: give --shards auto, or their number")
  }
  return Option.match(api, {
    onNone: () => misuse("--auto-reshard asks the API: name it with --api-url as well as the gateway"),
    onSome: (api) =>
      Effect.succeed((fleet) =>
        Fleet.autoReshard({ interval: autoReshard.value }).pipe(
          Effect.provideService(Fleet.Fleet, fleet),
          Effect.provideService(GatewayApi.GatewayApi, api)
        )
      )
  })
}

/** What there is to say about a run; others that run shards take the same. */
const config = {
  apiUrl: Common.apiUrl,
  autoReshard: reshardEvery,
  compression,
  duration: Common.duration,
  events,
  gatewayUrl: Common.gatewayUrl,
  http: Common.http,
  intents: Common.intents,
  json: Common.json,
  maxConcurrency: Common.maxConcurrency,
  resumeFile,
  shards
}

const watch = (
  options: Command.Command.ParseConfig<typeof config>,
  more: { readonly name: string; readonly record: Watch.Record }
) =>
  Effect.gen(function*() {
    const token = yield* Common.token
    const facts = yield* askApi(options, token)
    const shardConfig = yield* Effect.mapError(
      ShardConfig.make({
        token,
        intents: options.intents,
        events: Option.getOrUndefined(options.events),
        gatewayUrl: facts.gatewayUrl,
        identifyProperties: { os: process.platform }
      }),
      explain
    )
    const chosen = Shards.ofFleet(options.shards, facts.recommended)
    const follow = yield* autoReshard(options, facts)
    const services = Layer.mergeAll(
      Layer.succeed(ShardConfig.ShardConfig, shardConfig),
      Layer.scoped(IdentifyQueue.IdentifyQueue, facts.queue),
      NodeGateway.layer({ compression: options.compression }),
      layerStore(options.resumeFile),
      ShardMetrics.layer()
    )
    const mode = yield* Common.modeOf(options.json)
    const run = Effect.flatMap(IdentifyQueue.IdentifyQueue, ({ budget }) =>
      Watch.run({
        title: `vesper ${more.name}: ${facts.gatewayUrl}`,
        mode,
        duration: options.duration,
        // A resharding gives each event once, of one session or of the other.
        isGapless: Option.isNone(options.events) && Option.isNone(options.autoReshard),
        tellsEvents: true,
        http: options.http,
        source: Watch.fleet(Fleet.make({ shards: chosen }), follow),
        budget,
        record: more.record,
        settle: () => Effect.succeed(0)
      }))
    yield* Effect.provide(run, services)
  })

const cluster = Options.boolean("cluster").pipe(
  Options.withDescription(
    "Runs as a cluster of one, which keeps sessions and the identify budget in --database over restarts and crashes. " +
      "Where there is no terminal it prints where shards are, and events with --json."
  )
)

/** Options that a cluster has no place for are refused rather than overlooked. */
const runAlone = (
  { shards, ...options }: Command.Command.ParseConfig<typeof config>,
  database: Redacted.Redacted<string>
) => {
  if (shards._tag !== "All") {
    return misuse("a cluster has all shards of a bot: give their number, such as --shards 4")
  }
  if (Option.isSome(options.resumeFile)) {
    return misuse("--cluster keeps sessions in --database: leave out --resume-file")
  }
  if (Option.isSome(options.autoReshard)) {
    return misuse("a cluster is resharded by vesper cluster reshard: leave out --auto-reshard")
  }
  return runCluster({
    ...options,
    database,
    name: "vesper",
    shards: shards.total,
    lease: NodeCluster.defaultLease,
    gatewayUrl: Option.getOrElse(options.gatewayUrl, () => ShardConfig.defaultGatewayUrl),
    address: Option.none()
  })
}

/**
 * @since 0.1.0
 * @category commands
 */
export const runCommand = Command.make(
  "run",
  { ...config, cluster, database },
  ({ cluster, database, ...options }) =>
    cluster ? runAlone(options, database) : watch(options, { name: "run", record: () => Effect.void })
).pipe(
  Command.withDescription(
    "Runs shards on Discord's gateway, with a live view on a terminal and plain lines elsewhere. The bot's token comes " +
      "from DISCORD_TOKEN."
  )
)

const out = Args.text({ name: "file" }).pipe(
  Args.withDescription("Where to write; such as traffic.ndjson.gz. It must not be there yet.")
)

const redactContents = Options.boolean("redact-contents").pipe(
  Options.withDescription("Leaves out what people wrote and are called: all text but ids, times and names of kinds.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const recordCommand = Command.make(
  "record",
  { ...config, out, redactContents },
  ({ out, redactContents, ...options }) =>
    Effect.scoped(Effect.gen(function*() {
      const token = yield* Common.token
      const recorder = yield* Recorder.make(out)
      yield* watch(options, {
        name: "record",
        record: (event, shard, at) =>
          recorder.write(Recording.encode(event, { shard, at, redactContents, secret: Redacted.value(token) }))
      })
    }))
).pipe(
  Command.withDescription(
    "Runs shards as vesper run does, and writes what they receive to a file: compressed, one event a line. No token is " +
      "in it, of the bot or of an interaction."
  )
)
