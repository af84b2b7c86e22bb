/** What `vesper run` and `vesper record` do: shards of Discord's gateway, or of another, in front of the user's eyes. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Fleet from "@vesper/gateway/Fleet"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardMetrics from "@vesper/gateway/ShardMetrics"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CliError } from "../CliError.js"
import * as ExitCode from "../ExitCode.js"
import * as Recording from "../Recording.js"
import * as Shards from "../Shards.js"
import * as Watch from "../Watch.js"
import * as FileStore from "./fileStore.js"
import * as Common from "./options.js"
import * as Recorder from "./recorder.js"
import type * as RunOptions from "./runOptions.js"
import * as Token from "./token.js"
import { told } from "./told.js"

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
        queue: Effect.mapError(IdentifyQueue.makeInMemory({ maxConcurrency }), explain),
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
  if (Duration.toMillis(autoReshard.value) === 0) {
    return misuse("--auto-reshard takes a time above 0, such as 1h")
  }
  return Option.match(api, {
    onNone: () => misuse("--auto-reshard asks the API: name it with --api-url as well as the gateway"),
    onSome: (api) =>
      Effect.succeed((fleet) =>
        Fleet.autoReshard({ interval: autoReshard.value }).pipe(
          // The interval is a duration above zero.
          Effect.orDie,
          Effect.provideService(Fleet.Fleet, fleet),
          Effect.provideService(GatewayApi.GatewayApi, api)
        )
      )
  })
}

const watch = (
  options: RunOptions.Parsed,
  more: { readonly name: string; readonly record: Watch.Record }
) =>
  Effect.gen(function*() {
    const token = yield* Token.token
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
        title: `vesper ${more.name}: ${GatewaySocket.redactUrl(facts.gatewayUrl)}`,
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

/** Options that a cluster has no place for are refused rather than overlooked. */
const runAlone = (
  { shards, ...options }: RunOptions.Parsed,
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
  return Effect.flatMap(Effect.promise(() => import("./runCluster.js")), (RunCluster) =>
    RunCluster.run({
      ...options,
      database,
      name: "vesper",
      poolSize: Option.none(),
      shards: shards.total,
      lease: Option.none(),
      gatewayUrl: Option.getOrElse(options.gatewayUrl, () => ShardConfig.defaultGatewayUrl),
      address: Option.none()
    }))
}

export const run = (
  { cluster, database, ...options }: RunOptions.Parsed & {
    readonly cluster: boolean
    readonly database: Redacted.Redacted<string>
  }
) => cluster ? runAlone(options, database) : watch(options, { name: "run", record: () => Effect.void })

export const record = (
  { out, redactContents, ...options }: RunOptions.Parsed & { readonly out: string; readonly redactContents: boolean }
) =>
  Effect.scoped(Effect.gen(function*() {
    const token = yield* Token.token
    const recorder = yield* Recorder.make(out)
    yield* watch(options, {
      name: "record",
      record: (event, shard, at) =>
        recorder.write(Recording.encode(event, { shard, at, redactContents, secret: Redacted.value(token) }))
    })
  }))
