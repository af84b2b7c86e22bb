/** `vesper run` and `vesper record`: shards of Discord's gateway, or of another. */
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
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { RunOptions } from "../commands/index.js"
import { ShardSelection, Token } from "../config/index.js"
import { type CliError, ExitCode, failed, failedWith, misused, noteExitCode } from "../exit/index.js"
import { Recorder, Recording } from "../recording/index.js"
import * as SessionFile from "./sessionFile.js"
import * as Watch from "./watch.js"

const invalid = (error: ConfigError.ConfigError): CliError =>
  misused(ConfigError.isInvalidData(error) ? `${error.path.join(".")}: ${error.message}` : String(error))

interface Limits {
  readonly gatewayUrl: string
  readonly recommended: number
  readonly queue: Effect.Effect<IdentifyQueue.IdentifyQueue, CliError, Scope.Scope>
  /** None if the gateway is named and its API is not. */
  readonly api: Option.Option<GatewayApi.GatewayApi>
}

const hasApi = ({ apiUrl, gatewayUrl }: RunOptions): boolean => Option.isNone(gatewayUrl) || Option.isSome(apiUrl)

/** Returns the first contradiction between options. */
const findConflict = (options: RunOptions): string | undefined => {
  const { autoReshard, shards } = options
  return shards._tag === "Auto" && !hasApi(options)
    ? "--shards auto asks the API: name it with --api-url as well, such as http://127.0.0.1:8080/api/v10"
    : Option.isNone(autoReshard)
    ? undefined
    : shards._tag === "Range"
    ? "--auto-reshard needs all shards in this process: give --shards auto, or their number"
    : Duration.toMillis(autoReshard.value) === 0
    ? "--auto-reshard needs a time above 0, such as 1h"
    : hasApi(options)
    ? undefined
    : "--auto-reshard asks the API: name it with --api-url as well as the gateway"
}

/** Requests GET /gateway/bot, unless the gateway is named and its API is not. */
const requestLimits = (options: RunOptions, token: Redacted.Redacted<string>): Effect.Effect<Limits, CliError> =>
  Effect.gen(function*() {
    if (Option.isSome(options.gatewayUrl) && !hasApi(options)) {
      const maxConcurrency = Option.getOrElse(options.maxConcurrency, () => 1)
      return {
        gatewayUrl: options.gatewayUrl.value,
        recommended: 1,
        queue: Effect.mapError(IdentifyQueue.makeInMemory({ maxConcurrency }), invalid),
        api: Option.none()
      }
    }
    const api = yield* GatewayApi.make({ token, baseUrl: Option.getOrUndefined(options.apiUrl) })
    const answer = yield* Effect.mapError(api.gatewayBot, failedWith)
    const queue = Effect.gen(function*() {
      const queue = yield* IdentifyQueue.makeFromApi()
      yield* queue.update({ maxConcurrency: Option.getOrUndefined(options.maxConcurrency) })
      return queue
    })
    return {
      gatewayUrl: Option.getOrElse(options.gatewayUrl, () => answer.url),
      recommended: answer.shards,
      api: Option.some(api),
      queue: Effect.mapError(Effect.provideService(queue, GatewayApi.GatewayApi, api), failedWith)
    }
  }).pipe(Effect.provide(FetchHttpClient.layer))

/** Without a file sessions end with the process. */
const layerStore = (file: Option.Option<SessionFile.SessionFile>) =>
  Option.match(file, {
    onNone: () => Layer.empty,
    onSome: ({ store }) =>
      Layer.provide(SessionStore.layerKeyValueStore, Layer.succeed(KeyValueStore.KeyValueStore, store))
  })

/** The end of the summary: which sessions are saved. A file that could not be written is a failure. */
const describeSessions = (file: Option.Option<SessionFile.SessionFile>, kept: string): Effect.Effect<string> =>
  Effect.gen(function*() {
    if (Option.isNone(file)) {
      return "sessions not saved (--resume-file saves them)"
    }
    const problem = yield* file.value.problem
    if (Option.isNone(problem)) {
      return `${kept} kept for a later resume`
    }
    yield* noteExitCode(ExitCode.failed)
    return `sessions not saved: ${problem.value}`
  })

/** Reshards the fleet when Discord recommends it, if that is wanted. */
const autoReshard = (options: RunOptions, limits: Limits) => (fleet: Fleet.Fleet): Effect.Effect<never> =>
  Option.match(Option.all({ api: limits.api, interval: options.autoReshard }), {
    onNone: () => Effect.never,
    onSome: ({ api, interval }) =>
      Fleet.autoReshard({ interval }).pipe(
        // The interval is above zero.
        Effect.orDie,
        Effect.provideService(Fleet.Fleet, fleet),
        Effect.provideService(GatewayApi.GatewayApi, api)
      )
  })

const watch = (options: RunOptions, more: { readonly name: string; readonly record?: Watch.Record }) =>
  Effect.gen(function*() {
    const conflict = findConflict(options)
    if (conflict !== undefined) {
      return yield* misused(conflict)
    }
    const token = yield* Token.read()
    const file = yield* Effect.transposeOption(Option.map(options.resumeFile, SessionFile.make))
    const title = `vesper ${more.name}`
    /** Requests the limits, and starts the fleet. */
    const start = (handle: Parameters<Watch.Start<never, never>>[0]) =>
      Effect.gen(function*() {
        const limits = yield* requestLimits(options, token)
        const shardConfig = yield* Effect.mapError(
          ShardConfig.make({
            token,
            intents: options.intents,
            events: Option.getOrUndefined(options.events),
            gatewayUrl: limits.gatewayUrl,
            identifyProperties: { os: process.platform }
          }),
          invalid
        )
        const chosen = yield* Either.mapLeft(ShardSelection.toFleet(options.shards, limits.recommended), failed)
        const services = yield* Layer.build(Layer.mergeAll(
          Layer.succeed(ShardConfig.ShardConfig, shardConfig),
          Layer.scoped(IdentifyQueue.IdentifyQueue, limits.queue),
          NodeGateway.layer({ compression: options.compression }),
          layerStore(file),
          ShardMetrics.layer()
        ))
        const { budget } = Context.get(services, IdentifyQueue.IdentifyQueue)
        const fleet = Watch.startFleet(Fleet.make({ shards: chosen }), autoReshard(options, limits), budget)
        const running = yield* Effect.provide(fleet(handle), services)
        return { ...running, title: `${title}: ${GatewaySocket.redactUrl(limits.gatewayUrl)}` }
      })
    yield* Watch.watch({
      ...more,
      title,
      json: options.json,
      duration: options.duration,
      http: options.http,
      // During a resharding an event is received over one session or the other.
      isGapless: Option.isNone(options.events) && Option.isNone(options.autoReshard),
      showsEvents: true,
      start,
      summary: (summary, kept) => Effect.map(describeSessions(file, kept), (sessions) => `${summary}, ${sessions}`)
    })
  })

export const run = (options: RunOptions) => watch(options, { name: "run" })

export const record = (
  { out, redactContents, ...options }: RunOptions & { readonly out: string; readonly redactContents: boolean }
) =>
  Effect.scoped(Effect.gen(function*() {
    const token = yield* Token.read()
    const recorder = yield* Recorder.make(out)
    yield* watch(options, {
      name: "record",
      record: (event, shard, at) =>
        recorder.write(Recording.encode(event, { shard, at, redactContents, secret: Redacted.value(token) }))
    })
  }))
