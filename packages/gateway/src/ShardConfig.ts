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
import * as BotId from "./internal/session/botId.js"
import * as ShardOptions from "./internal/config/shardOptions.js"
import * as Session from "./Session.js"

/**
 * The gateway's own address.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultGatewayUrl = "wss://gateway.discord.gg/"

/**
 * The version of the gateway that this library is written for.
 *
 * @see https://docs.discord.com/developers/reference#api-versioning
 * @since 0.1.0
 * @category constants
 */
export const defaultApiVersion = 10

/**
 * How long each phase of a handshake may take.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  /** Until the websocket is open. Default: 10 seconds. */
  readonly open: Duration.Duration
  /** From there to the hello. Default: 20 seconds. */
  readonly hello: Duration.Duration
  /** From the identify that was sent to READY. Default: 30 seconds. */
  readonly ready: Duration.Duration
  /**
   * From the resume that was sent to RESUMED. A phase in which events arrive starts again, nine times at most; then the
   * connection ends, and the next resume goes on after those events. Default: 30 seconds.
   */
  readonly resumed: Duration.Duration
}

/**
 * How a shard reconnects.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reconnect {
  /**
   * The first attempt after a loss is made at once, the second after this; then it doubles. For a resume, a session halves
   * the count of losses for each 5 seconds that it is up, and resets it after 20. Default: 1 second.
   */
  readonly backoffBase: Duration.Duration
  /** The longest wait. Default: 1 minute. */
  readonly backoffMax: Duration.Duration
  /** How long a session must be up for earlier failures not to count for an identify. Default: 1 minute. */
  readonly stableAfter: Duration.Duration
  /**
   * Attempts to resume at the session's resume URL, and as many at the gateway URL after those; then the shard
   * identifies. Default: 3.
   */
  readonly resumeAttempts: number
  /** How long a session is kept for a resume while no host can be reached at all. Default: 5 minutes. */
  readonly resumeWindow: Duration.Duration
  /**
   * A random wait between these two before a new session is asked for after opcode 9, as older versions of Discord's
   * documentation wanted. Default: none, the identify queue paces it.
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
 * When an event counts as done, so that a session which another process resumes begins after it.
 *
 * - `onReceive`: when it has arrived. What a crash finds unhandled is lost, and nothing is handled twice: if there is a
 *   `SessionStore`, an event is given out once a session that begins after it is saved.
 * - `onHandled`: when its handler has succeeded. What a crash finds unhandled comes again, and so may what was handled
 *   shortly before it.
 *
 * @since 0.1.0
 * @category models
 */
export type Acknowledge = "onReceive" | "onHandled"

/**
 * Which events' bodies are checked against what Discord documents, and which are trusted. One that fails the check is a
 * `DeserializationError` for whoever reads it; the shard goes on with the next.
 *
 * @since 0.1.0
 * @category models
 */
export type Validate = "none" | "all" | ReadonlyArray<EventType.EventType>

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardConfig {
  readonly token: Redacted.Redacted<string>
  readonly intents: Intents.Intents
  /** The events that the program wants; none means all. Others are never parsed, and never fill the buffer. */
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
  /** The bot's token, with or without `Bot ` before it. */
  readonly token: Redacted.Redacted<string>
  readonly intents: Intents.Intents
  /**
   * The events that the program wants. Others are never parsed, and still advance the sequence. Default: everything
   * that the gateway sends, which is what the intents let through. `EventType.fromIntents(intents)` is the same set by
   * name; it leaves out what Discord adds later.
   */
  readonly events?: Iterable<EventType.EventType> | undefined
  /** Events whose bodies are checked when they are read; a check costs about as much as parsing. Default: `none`. */
  readonly validate?: Validate | undefined
  /** Default: `vesper` as browser and device, and `os: "unknown"`. */
  readonly identifyProperties?: Partial<IdentifyProperties> | undefined
  /** Member count above which GUILD_CREATE omits offline members; a whole number from 50 to 250. Default: 50. */
  readonly largeThreshold?: number | undefined
  /**
   * The presence of each new session, until a command changes it. It is also sent after the resume of a session that shows
   * another one. Default: none, the bot is online.
   */
  readonly presence?: Command.PresenceOptions | undefined
  /** Turn this off only behind a proxy that keeps the limit itself. Default: on. */
  readonly rateLimitCommands?: boolean | undefined
  /**
   * The session of an earlier process, to be resumed first. One that lacks an intent, or that belongs to another bot,
   * shard, total or API version, is refused with a diagnostic. Default: none.
   */
  readonly session?: Session.Session | undefined
  /** When an event counts as done, for the process that resumes the session after this one. Default: `onReceive`. */
  readonly acknowledge?: Acknowledge | undefined
  /**
   * How long handlers that run may go on when `runForEach` is interrupted or the scope closes. A test on TestClock whose
   * handlers do not end by themselves sets 0, or moves the clock. Default: 10 seconds.
   */
  readonly drainTimeout?: Duration.DurationInput | undefined
  /**
   * How often a session that has moved on is saved, if there is a `SessionStore`. What is handled in that time comes
   * again after a crash, with `acknowledge: "onHandled"`. Default: 1 second.
   */
  readonly saveInterval?: Duration.DurationInput | undefined
  /** Where to resume that session, in place of the URL in it. Refused without a session. Default: none. */
  readonly resumeUrl?: string | undefined
  /** Where first connections go; a resume goes where the session says. Default: Discord's gateway. */
  readonly gatewayUrl?: string | undefined
  /**
   * A gateway proxy: every connection goes there, resumes too, and what the gateway says about resume URLs is not
   * followed. For a proxy that speaks HTTP CONNECT or SOCKS see `NodeGatewaySocket`. Default: none.
   */
  readonly proxyUrl?: string | undefined
  /** The `v` of the gateway's URL, from 9 on. The types of this library are those of 10. Default: 10. */
  readonly apiVersion?: number | undefined
  /** Events that may wait for one reader before the socket is paused. Default: 1024. */
  readonly eventBufferSize?: number | undefined
  /** Characters of events that may wait for one reader before the socket is paused. Default: 32 million. */
  readonly eventBufferBytes?: number | undefined
  /** Waiting commands, and waiting bulk requests, beyond which `command` waits for a place, in the order of asking. Default: 256. */
  readonly commandQueueSize?: number | undefined
  readonly timeouts?: Inputs<Timeouts> | undefined
  readonly reconnect?: Inputs<Reconnect> | undefined
}

/**
 * @since 0.1.0
 * @category tags
 */
export const ShardConfig = Context.GenericTag<ShardConfig>("@vesper/gateway/ShardConfig")

/** Decodes each duration that is given, and the default of each other. */
const durations = <K extends string>(
  defaults: { readonly [P in K]: Duration.DurationInput },
  given: { readonly [P in NoInfer<K>]?: Duration.DurationInput | undefined }
): { readonly [P in K]: Duration.Duration } => {
  const decoded: Partial<Record<K, Duration.Duration>> = {}
  for (const key in defaults) {
    decoded[key] = Duration.decode(given[key] ?? defaults[key])
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
 * Checks the options and fills in the defaults. Fails with a `ConfigError` that names the option and the remedy: also if
 * Discord would refuse the IDENTIFY, such as for its presence, or because it is longer than 4,096 bytes.
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
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ShardConfig, ConfigError.ConfigError> =>
  Layer.effect(ShardConfig, Effect.suspend(() => make(options)))

/**
 * Removes the prefix `Bot ` from a token, and white space around it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const bareToken: (token: string) => string = BotId.withoutPrefix

/**
 * The id of the bot that a token belongs to. None for a token that does not begin with one.
 *
 * @since 0.1.0
 * @category accessors
 */
export const botId: (token: Redacted.Redacted<string>) => Option.Option<string> = BotId.fromToken

/**
 * The token from the environment variable `DISCORD_TOKEN`. A missing or empty variable is a `ConfigError` that names it.
 *
 * @since 0.1.0
 * @category config
 */
export const tokenConfig: Config.Config<Redacted.Redacted<string>> = Config.option(
  // Not `Config.redacted`, which redacts its error message too.
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
 * Options of which each may also come from the environment.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions = {
  readonly [K in keyof Omit<Options, "token">]: Options[K] | Config.Config<Exclude<Options[K], undefined>>
}

/**
 * Takes the token from `DISCORD_TOKEN`, and each option as it is or from a `Config` of its own. Fails with a
 * `ConfigError` if something is missing or wrong.
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
    Effect.flatMap(Config.all([tokenConfig, unwrap(options)]), ([token, rest]) => make({ ...rest, token }))
  )

const unwrap = (options: ConfigOptions): Config.Config<Omit<Options, "token">> => {
  const configs: Record<string, Config.Config<unknown>> = {}
  for (const [option, value] of Object.entries(options)) {
    configs[option] = Config.isConfig(value) ? value : Config.succeed(value)
  }
  // Every option is still under its own name, either as it was or as what its Config reads.
  return Config.all(configs) as Config.Config<unknown> as Config.Config<Omit<Options, "token">>
}
