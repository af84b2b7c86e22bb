/**
 * Configuration of a shard.
 *
 * @since 0.1.0
 */
import * as Command from "@vesper/model/Command"
import type * as EventType from "@vesper/model/EventType"
import type * as Intents from "@vesper/model/Intents"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Token from "./internal/config/token.js"
import * as ShardOptions from "./internal/config/shardOptions.js"
import * as Session from "./Session.js"

/**
 * The URL of Discord's gateway.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultGatewayUrl = "wss://gateway.discord.gg/"

/**
 * The gateway version that this library supports.
 *
 * @see https://docs.discord.com/developers/reference#api-versioning
 * @since 0.1.0
 * @category constants
 */
export const defaultApiVersion = 10

/**
 * Timeouts of the phases of a handshake.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  /** From the start to the open websocket. Default: 10 seconds. */
  readonly open: Duration.Duration
  /** From the open websocket to HELLO. Default: 20 seconds. */
  readonly hello: Duration.Duration
  /** From IDENTIFY to READY. Default: 30 seconds. */
  readonly ready: Duration.Duration
  /**
   * From RESUME to RESUMED. A phase in which events arrive is extended, nine times at most; then the connection is closed, and
   * the next resume continues after these events. Default: 30 seconds.
   */
  readonly resumed: Duration.Duration
}

/**
 * The reconnect policy of a shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reconnect {
  /**
   * Base delay of the exponential back-off. The first reconnect is immediate. For a resume, a session
   * halves the count of losses for each 5 seconds that it is established, and resets it after 20. Default: 1 second.
   */
  readonly backoffBase: Duration.Duration
  /** The longest wait. Default: 1 minute. */
  readonly backoffMax: Duration.Duration
  /** The duration of a session that resets the count of failures for an IDENTIFY. Default: 1 minute. */
  readonly stableAfter: Duration.Duration
  /**
   * Attempts to resume at the resume URL, and then as many at the gateway URL, before the shard identifies. Default: 3.
   */
  readonly resumeAttempts: number
  /** The time for which a session is kept while no host can be reached. Default: 5 minutes. */
  readonly resumeWindow: Duration.Duration
  /**
   * A random wait between these two before an IDENTIFY after opcode 9, which older versions of Discord's documentation
   * required. Default: none, because the identify queue limits IDENTIFYs.
   */
  readonly invalidSessionDelay: Option.Option<readonly [min: Duration.Duration, max: Duration.Duration]>
}

/**
 * The program's properties in an IDENTIFY.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#identify-identify-connection-properties
 * @since 0.1.0
 * @category models
 */
export interface IdentifyProperties {
  readonly os: string
  readonly browser: string
  readonly device: string
}

/**
 * The time at which an event is acknowledged. A session that another process resumes begins after the last acknowledged event.
 *
 * - `onReceive`: when it is received. Events that are not handled before a crash are lost, and no event is handled twice: with a
 *   `SessionStore`, an event is delivered once a session that begins after it is saved.
 * - `onHandled`: when its handler has succeeded. Events that are not handled before a crash are replayed, and possibly events that
 *   were handled shortly before it.
 *
 * @since 0.1.0
 * @category models
 */
export type Acknowledge = "onReceive" | "onHandled"

/**
 * The events whose bodies are validated against Discord's documentation. A reader receives a `DeserializationError` in place of
 * an invalid event, and the shard continues with the next one.
 *
 * @since 0.1.0
 * @category models
 */
export type Validate = "none" | "all" | ReadonlyArray<EventType.EventType>

/**
 * A checked configuration. `Options` documents the fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardConfig {
  readonly token: Redacted.Redacted<string>
  readonly intents: Intents.Intents
  /** The events that readers receive; none for all. Others are not parsed and do not fill the buffer. */
  readonly events: Option.Option<ReadonlySet<string>>
  readonly validate: Validate
  readonly identifyProperties: IdentifyProperties
  readonly largeThreshold: number
  readonly presence: Option.Option<Command.Presence>
  readonly rateLimitCommands: boolean
  readonly session: Option.Option<Session.Session>
  readonly acknowledge: Acknowledge
  readonly drainTimeout: Duration.Duration
  readonly saveInterval: Duration.Duration
  readonly gatewayUrl: string
  readonly proxyUrl: Option.Option<string>
  readonly apiVersion: number
  readonly eventBufferSize: number
  readonly eventBufferBytes: number
  readonly commandQueueSize: number
  readonly timeouts: Timeouts
  readonly reconnect: Reconnect
}

type Inputs<A> = {
  readonly [K in keyof A]?:
    | (A[K] extends Duration.Duration ? Duration.DurationInput
      : A[K] extends Option.Option<readonly [Duration.Duration, Duration.Duration]> ?
        readonly [min: Duration.DurationInput, max: Duration.DurationInput]
      : A[K])
    | undefined
}

/**
 * The options of a shard. Only `token` and `intents` have no default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The bot's token, with or without the prefix `Bot `. */
  readonly token: Redacted.Redacted<string>
  readonly intents: Intents.Intents
  /**
   * The events that readers receive. Others are not parsed, but advance the sequence. Default: all events that the gateway sends
   * for the intents. `EventType.fromIntents(intents)` is the same set by name, without events that Discord adds later.
   */
  readonly events?: Iterable<EventType.EventName> | undefined
  /** Events whose bodies are validated when they are read, which takes about as long as parsing. Default: `none`. */
  readonly validate?: Validate | undefined
  /** Default: `vesper` as browser and device, and `os: "unknown"`. */
  readonly identifyProperties?: Partial<IdentifyProperties> | undefined
  /** Member count above which GUILD_CREATE omits offline members; a whole number from 50 to 250. Default: 50. */
  readonly largeThreshold?: number | undefined
  /**
   * The presence of each new session, until a command changes it. It is also sent after the resume of a session with another
   * presence. Default: none, the bot is online.
   */
  readonly presence?: Command.PresenceOptions | undefined
  /** Set to false only behind a proxy that enforces the limit. Default: true. */
  readonly rateLimitCommands?: boolean | undefined
  /**
   * The session of an earlier process, which the shard resumes first. A session that lacks an intent, or that belongs to another
   * bot, shard, total or API version, is refused with a diagnostic. Default: none.
   */
  readonly session?: Session.Session | undefined
  /** The time at which an event is acknowledged. Default: `onReceive`. */
  readonly acknowledge?: Acknowledge | undefined
  /**
   * The time for running handlers to complete when `runForEach` is interrupted or the scope closes. With `TestClock`, set
   * it to 0 or adjust the clock. Default: 10 seconds.
   */
  readonly drainTimeout?: Duration.DurationInput | undefined
  /**
   * The interval at which a changed session is saved in the `SessionStore`. With `acknowledge: "onHandled"`, events of the last
   * interval are replayed after a crash. Default: 1 second.
   */
  readonly saveInterval?: Duration.DurationInput | undefined
  /** The URL for the resume of `session`, in place of the session's own. Invalid without a session. Default: none. */
  readonly resumeUrl?: string | undefined
  /** The URL of connections without a session, and of resumes without a resume URL. Default: Discord's gateway. */
  readonly gatewayUrl?: string | undefined
  /**
   * The URL of a gateway proxy, used for all connections in place of gateway and resume URLs. For a proxy of HTTP CONNECT or
   * SOCKS see `NodeGatewaySocket`. Default: none.
   */
  readonly proxyUrl?: string | undefined
  /** The gateway version, at least 9. The types of this library are those of 10. Default: 10. */
  readonly apiVersion?: number | undefined
  /** Events that may wait for one reader before the socket is paused. Default: 1024. */
  readonly eventBufferSize?: number | undefined
  /** Characters of events that may wait for one reader before the socket is paused. Default: 32 million. */
  readonly eventBufferBytes?: number | undefined
  /** Waiting commands, and waiting bulk requests, beyond which `command` waits, in the order of the calls. Default: 256. */
  readonly commandQueueSize?: number | undefined
  readonly timeouts?: Inputs<Timeouts> | undefined
  readonly reconnect?: Inputs<Reconnect> | undefined
}

/**
 * The tag of the configuration.
 *
 * @since 0.1.0
 * @category tags
 */
export const ShardConfig = Context.GenericTag<ShardConfig>("@vesper/gateway/ShardConfig")

/** Decodes the durations of the options, or their defaults. */
const durations = <K extends string>(
  defaults: { readonly [P in K]: Duration.DurationInput },
  options: { readonly [P in NoInfer<K>]?: Duration.DurationInput | undefined }
): { readonly [P in K]: Duration.Duration } => {
  const decoded: Partial<Record<K, Duration.Duration>> = {}
  for (const key in defaults) {
    decoded[key] = Duration.decode(options[key] ?? defaults[key])
  }
  // Every key of `defaults` was set in the loop.
  return decoded as Record<K, Duration.Duration>
}

const build = (options: Options): ShardConfig => ({
  token: options.token,
  intents: options.intents,
  events: Option.map(Option.fromNullable(options.events), (events) => new Set<string>(events)),
  validate: options.validate ?? "none",
  identifyProperties: {
    os: options.identifyProperties?.os ?? "unknown",
    browser: options.identifyProperties?.browser ?? "vesper",
    device: options.identifyProperties?.device ?? "vesper"
  },
  largeThreshold: options.largeThreshold ?? 50,
  presence: Option.map(Option.fromNullable(options.presence), Command.makePresence),
  rateLimitCommands: options.rateLimitCommands ?? true,
  session: Option.map(
    Option.fromNullable(options.session),
    (session) =>
      options.resumeUrl === undefined ? session : new Session.Session({ ...session, resumeUrl: options.resumeUrl })
  ),
  acknowledge: options.acknowledge ?? "onReceive",
  drainTimeout: Duration.decode(options.drainTimeout ?? "10 seconds"),
  saveInterval: Duration.decode(options.saveInterval ?? "1 second"),
  gatewayUrl: options.gatewayUrl ?? defaultGatewayUrl,
  proxyUrl: Option.fromNullable(options.proxyUrl),
  apiVersion: options.apiVersion ?? defaultApiVersion,
  eventBufferSize: options.eventBufferSize ?? 1024,
  eventBufferBytes: options.eventBufferBytes ?? 32_000_000,
  commandQueueSize: options.commandQueueSize ?? 256,
  timeouts: durations(
    { open: "10 seconds", hello: "20 seconds", ready: "30 seconds", resumed: "30 seconds" },
    options.timeouts ?? {}
  ),
  reconnect: {
    ...durations(
      { backoffBase: "1 second", backoffMax: "1 minute", stableAfter: "1 minute", resumeWindow: "5 minutes" },
      options.reconnect ?? {}
    ),
    resumeAttempts: options.reconnect?.resumeAttempts ?? 3,
    invalidSessionDelay: Option.map(
      Option.fromNullable(options.reconnect?.invalidSessionDelay),
      ([min, max]) => [Duration.decode(min), Duration.decode(max)] as const
    )
  }
})

/**
 * Checks the options and adds the defaults. Fails with a `ConfigError` that names the option and the remedy, also if Discord
 * would refuse the IDENTIFY because of its presence or because it is longer than 4,096 bytes.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardConfig } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { Either, Redacted } from "effect"
 *
 * const options = { token: Redacted.make("abc"), intents: Intents.of("Guilds"), largeThreshold: 10 }
 * assert.match(String(Either.getLeft(ShardConfig.make(options))), /10 is not a whole number between 50 and 250/)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Either.Either<ShardConfig, ConfigError.ConfigError> =>
  ShardOptions.check(options, defaultGatewayUrl).pipe(
    Either.map(() => build(options)),
    Either.flatMap((config) => Either.map(ShardOptions.checkIdentify(config), () => config))
  )

/**
 * Provides the configuration of `make`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ShardConfig, ConfigError.ConfigError> =>
  Layer.effect(ShardConfig, Effect.suspend(() => make(options)))

/**
 * Removes the prefix `Bot ` from a token, and white space around it.
 *
 * @since 0.1.0
 * @category getters
 */
export const bareToken: (token: string) => string = Token.withoutPrefix

/**
 * Returns the id of the bot from its token; none if the token does not begin with an id.
 *
 * @since 0.1.0
 * @category getters
 */
export const botId: (token: Redacted.Redacted<string>) => Option.Option<string> = Token.botId

/**
 * Reads the token from the environment variable `DISCORD_TOKEN`. Fails with a `ConfigError` if it is missing or empty.
 *
 * @since 0.1.0
 * @category config
 */
export const tokenConfig: Config.Config<Redacted.Redacted<string>> = Config.option(
  // Not `Config.redacted`, which also redacts its error message.
  Config.string(ShardOptions.tokenVariable)
).pipe(
  Config.mapOrFail((token) =>
    Option.match(Option.filter(token, (token) => token.trim() !== ""), {
      onNone: () =>
        Either.left(ConfigError.MissingData(
          [ShardOptions.tokenVariable],
          `no token: set the environment variable ${ShardOptions.tokenVariable} to the token from the Bot page of your application`
        )),
      onSome: (token) => Either.right(Redacted.make(token))
    })
  )
)

/**
 * Options, each of which may be a `Config`.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions = {
  readonly [K in keyof Omit<Options, "token">]: Options[K] | Config.Config<Exclude<Options[K], undefined>>
}

/**
 * Provides the configuration from `DISCORD_TOKEN` and from options, each of which may be a `Config`. Fails with a `ConfigError` if
 * one is missing or invalid.
 *
 * @example
 * ```ts
 * import { ShardConfig } from "@vesper/gateway"
 * import { Intents } from "@vesper/model"
 * import { Config } from "effect"
 *
 * export const config = ShardConfig.layerConfig({
 *   intents: Intents.of("Guilds", "GuildMessages"),
 *   largeThreshold: Config.integer("LARGE_THRESHOLD").pipe(Config.withDefault(50))
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options: ConfigOptions): Layer.Layer<ShardConfig, ConfigError.ConfigError> =>
  Layer.effect(
    ShardConfig,
    Effect.flatMap(Config.all([tokenConfig, unwrap(options)]), ([token, values]) => make({ ...values, token }))
  )

const unwrap = (options: ConfigOptions): Config.Config<Omit<Options, "token">> => {
  const configs: Record<string, Config.Config<unknown>> = {}
  for (const [option, value] of Object.entries(options)) {
    configs[option] = Config.isConfig(value) ? value : Config.succeed(value)
  }
  // Each option keeps its name, with the value itself or the value of its Config.
  return Config.all(configs) as Config.Config<unknown> as Config.Config<Omit<Options, "token">>
}
