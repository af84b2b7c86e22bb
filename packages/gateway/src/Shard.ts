/**
 * A shard: one session with Discord's gateway, kept over reconnects.
 *
 * It connects when the first reader starts, or when `connect` is run. When its scope closes, its fibers, timers and socket are
 * released. The close frame keeps the session, so that the next process can resume it.
 *
 * @see https://docs.discord.com/developers/events/gateway
 * @since 0.1.0
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import type * as EventType from "@vesper/model/EventType"
import type * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as CommandRateLimiter from "./CommandRateLimiter.js"
import type * as Diagnostic from "./Diagnostic.js"
import type * as GatewaySocket from "./GatewaySocket.js"
import type * as IdentifyQueue from "./IdentifyQueue.js"
import * as internal from "./internal/shard/shard.js"
import type * as Latency from "./Latency.js"
import type * as Message from "./Message.js"
import type * as Session from "./Session.js"
import type * as ShardConfig from "./ShardConfig.js"
import type * as ShardError from "./ShardError.js"
import type * as ShardStatus from "./ShardStatus.js"
import type * as Subscription from "./Subscription.js"

/**
 * A handle for other fibers to send commands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sender {
  /**
   * Sends a command and completes when it is written. The command waits until the shard is identified and within its rate
   * limit, also over reconnects; if the queue is full, it waits in the order of the calls. Commands are written in this order, with
   * three exceptions:
   *
   * - A newer presence, or voice state of the same guild, replaces the waiting one and completes both.
   * - Presences beyond five in 20 seconds let other commands pass.
   * - Member requests and channel info requests yield to other commands: one is written after every four others. They use at most
   *   100 messages of a window.
   *
   * An interruption withdraws a waiting command. A command that was being written when the connection was lost is written again on
   * the next connection.
   */
  readonly command: (command: Command.Command) => Effect.Effect<void, ShardError.SendError>
  /** Sends a command that is JSON text, at most 4096 bytes. It is parsed to find its kind and written as it is. */
  readonly send: (json: string) => Effect.Effect<void, ShardError.SendError>
  /** Closes the shard, as `Shard.close` does. */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<Option.Option<Session.Session>>
  /** Returns true if the shard was closed, permanently by the gateway or by the program, so that it sends nothing. */
  readonly isClosed: Effect.Effect<boolean>
}

/**
 * The effect of the current connection's compression.
 *
 * @since 0.1.0
 * @category models
 */
export interface InflaterStats {
  /** Compressed bytes received. */
  readonly bytesIn: number
  /** Bytes after decompression. */
  readonly bytesOut: number
  /** `bytesOut` divided by `bytesIn`; 1 before the first byte. */
  readonly ratio: number
}

/**
 * Options of the handlers of shards and fleets.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  /** Concurrent handlers. Default: 1, in the order of arrival. */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * With `guild`, events of one guild are handled sequentially in the order of arrival at any concurrency, and so are the events of
   * a shard without a guild. With `none` they may be handled concurrently. Default: `guild`.
   */
  readonly order?: "guild" | "none" | undefined
  /** Adds a span `vesper.handle` to each event, with its type and shard. Default: false. */
  readonly spans?: boolean | undefined
}

/**
 * Options of `runForEach`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunForEachOptions extends RunOptions {
  /** The events that the handler receives, of those in `ShardConfig.events`. Default: all. */
  readonly events?: Iterable<EventType.EventName> | undefined
  /** A later run with the same key takes over the events that this run has not handled. Default: a run without a key. */
  readonly key?: unknown
}

/**
 * A request for members of a guild, with the field names of the protocol. `query` is the beginning of a name; an empty one
 * needs the intent GuildMembers with any limit. `user_ids` may contain any number of ids, which are sent in requests of a
 * hundred. `presences` needs the intent GuildPresences. The shard sets the nonce.
 *
 * @example
 * ```ts
 * import { Shard } from "@vesper/gateway"
 * import { Effect, Stream } from "effect"
 *
 * const allMembers: Shard.MemberRequest = { guild_id: "290926798626357250", query: "", limit: 0 }
 *
 * export const logNames = Effect.flatMap(Shard.Shard, (shard) =>
 *   shard.requestGuildMembers(allMembers).pipe(
 *     Stream.flatMap((chunk) => Stream.fromIterable(chunk.members)),
 *     Stream.runForEach((member) => Effect.log(member.user.username)),
 *     // A missing intent, no answer, a rate limit, or an ended session.
 *     Effect.catchTag("NoAnswerError", (error) => Effect.logWarning(error.message))
 *   ))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type MemberRequest = Omit<Command.RequestGuildMembers["d"], "nonce">

/**
 * Options of a request.
 *
 * @since 0.1.0
 * @category models
 */
export interface MemberRequestOptions {
  /** The longest wait for the next chunk, excluding the time without a connection. Default: 30 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
}

/**
 * A chunk of an answer, with at most a thousand members.
 *
 * @see https://docs.discord.com/developers/events/gateway-events#guild-members-chunk
 * @since 0.1.0
 * @category models
 */
export type MemberChunk = Dispatch.DataOf<"GUILD_MEMBERS_CHUNK">

/**
 * All chunks of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Members {
  readonly members: ReadonlyArray<MemberChunk["members"][number]>
  /** Empty unless the request has `presences`. */
  readonly presences: ReadonlyArray<NonNullable<MemberChunk["presences"]>[number]>
  /** Requested ids that do not belong to a member. */
  readonly notFound: ReadonlyArray<string>
}

/**
 * Options of an update.
 *
 * @since 0.1.0
 * @category models
 */
export interface VoiceStateOptions {
  /**
   * The longest wait for the answer, excluding the time without a connection. It restarts when the session ends and the update
   * is sent in the next one. Default: 10 seconds.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * The data that opens a voice connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface VoiceConnection {
  /** The bot's own voice state, with the session id. */
  readonly state: Dispatch.DataOf<"VOICE_STATE_UPDATE">
  /** The voice server, with endpoint and token; none after the bot has left. */
  readonly server: Option.Option<Dispatch.DataOf<"VOICE_SERVER_UPDATE">>
}

/**
 * One shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shard extends Sender {
  readonly id: ShardId.ShardId
  /** The configuration of the shard. The token in it is redacted. */
  readonly config: ShardConfig.ShardConfig

  /** Starts the shard if it is not running, also after `close`. Does not wait for the connection. */
  readonly connect: Effect.Effect<void>

  /**
   * Emits the events of the shard from the time that the stream is run, or since the start of the shard for the first reader. Each
   * run of the stream receives every event, in chunks of up to 128. Does not acknowledge events. With a `SessionStore` and no
   * handlers, the next process resumes after the last chunk taken; unprocessed events of that chunk are lost. Use `runForEach` to
   * keep them. Continues over failures that the shard recovers from; ends when the program closes the shard, and fails when the
   * gateway closes it permanently.
   */
  readonly events: Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError>
  /**
   * Runs a handler for each event, in the order of arrival. Each run receives every event from its start, or since the start of
   * the shard for the first reader. Continues over failures that the shard recovers from, ends when the program closes the shard,
   * and fails when the gateway closes it permanently, or with the error of a handler. This is the cheapest way to read events, and it
   * acknowledges events that are handled. Each handler has a `Scope` of its own, and the fiber-local values of the run.
   *
   * If the run fails, no further handler starts. If it is interrupted, only these still start: handlers of deferred events, and of
   * events that another run has already read. Running handlers have `drainTimeout` to complete. The next run with the same `key`, in
   * this process or in the one that resumes the session, first receives the events without a started handler, and with
   * `acknowledge: "onHandled"` also those of unfinished handlers. Without such a run within `drainTimeout`, they are dropped with a
   * diagnostic.
   */
  readonly runForEach: <E, R>(
    handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>,
    options?: RunForEachOptions
  ) => Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>
  /**
   * Returns the next event. Each event is returned to one of the fibers that run this; other readers receive it too. Fails with each
   * error as it happens, and can be run again unless `ShardError.isFatal` is true for the error. An interruption loses no event.
   *
   * With `acknowledge: "onHandled"` an event is acknowledged when the fiber that received it runs this again or succeeds. If the
   * fiber fails or is interrupted, the next fiber that runs this receives the event. A fiber that starts another reader passes its
   * unread events on to it. While other readers read, unread events are dropped with a diagnostic 30 to 60 seconds after the last
   * call, because a check runs every 30 seconds.
   */
  readonly nextEvent: Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError>
  /**
   * Returns the next payload as text, control payloads included, or the end of a connection. Shares its events with `nextEvent`, and
   * fails in the same way. Texts are unchanged; those that were received before the first call may contain `\u` escapes of
   * characters, which are the same JSON.
   */
  readonly nextMessage: Effect.Effect<Message.Message, ShardError.ReceiveError>
  /**
   * Adds a reader until the scope closes, with a strategy for a full buffer. It receives every event from now on, or since the start
   * of the shard for the first reader, and acknowledges nothing. Fails with a `ConfigError` if the capacity is not a positive
   * integer.
   */
  readonly subscribe: <S extends Subscription.Strategy = "suspend">(
    options?: Subscription.SubscribeOptions<S>
  ) => Effect.Effect<
    Subscription.Subscription<"fail" extends S ? Subscription.SubscriptionOverflowError : never>,
    ConfigError.ConfigError,
    Scope.Scope
  >

  /** Returns the current status. */
  readonly status: Effect.Effect<ShardStatus.ShardStatus>
  /** Emits the current status, then every change. */
  readonly statusChanges: Stream.Stream<ShardStatus.ShardStatus>
  /** Returns the session for a resume after the last acknowledged event; none before READY and after its end. */
  readonly session: Effect.Effect<Option.Option<Session.Session>>
  /** Returns the number of events that wait for the slowest reader. */
  readonly buffered: Effect.Effect<number>
  /** Returns the resume URL of the session; none without one in READY, or with `ShardConfig.proxyUrl`. */
  readonly resumeUrl: Effect.Effect<Option.Option<string>>
  /** Returns the round-trip times of heartbeats on the current connection. */
  readonly latency: Effect.Effect<Latency.Latency>
  /** Returns the rate limiter of the current connection; none without a connection, or without a rate limit. */
  readonly rateLimiter: Effect.Effect<Option.Option<CommandRateLimiter.CommandRateLimiter>>
  /** Returns the effect of compression; none without a connection, or without compression. */
  readonly inflater: Effect.Effect<Option.Option<InflaterStats>>
  /** Emits the diagnostics of the shard. A slow consumer misses the oldest. */
  readonly diagnostics: Stream.Stream<Diagnostic.Diagnostic>

  /**
   * Emits members of a guild in the chunks in which they arrive: all members, or selected by a prefix of their names or by ids.
   * Readers receive the same events, which need not be in `ShardConfig.events`. Read events at the same time: no answer is
   * received while the buffer is full.
   *
   * Discord limits requests for all members to one per guild in 30 seconds. A limited request is sent again after
   * `retry_after`, at least one second, and fails with `NoAnswerError` after ten attempts or five minutes of waiting. If the
   * session ends before the first chunk, the request is sent again in the next.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
   */
  readonly requestGuildMembers: (
    request: MemberRequest,
    options?: MemberRequestOptions
  ) => Stream.Stream<MemberChunk, ShardError.SendError | ShardError.NoAnswerError>
  /** Returns all chunks in one value. A guild with a hundred thousand members takes some 100 MB: use the stream for it. */
  readonly collectGuildMembers: (
    request: MemberRequest,
    options?: MemberRequestOptions
  ) => Effect.Effect<Members, ShardError.SendError | ShardError.NoAnswerError>
  /**
   * Changes the presence, and completes when it or a newer one is written. Discord does not answer. It applies to the lifetime of
   * the shard: new sessions, and the shards of a resharded fleet, identify with it.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#update-presence
   */
  readonly updatePresence: (presence: Command.PresenceOptions) => Effect.Effect<void, ShardError.SendError>
  /**
   * Joins a voice channel, moves to it, or leaves with `channel_id: null`, and waits for the answer: the bot's voice state and,
   * unless it leaves, the voice server. If the session ends before the answer, the update is sent again in the next. To mute or
   * deafen the bot in its channel, use `command`, because Discord does not send a voice server then.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#update-voice-state
   */
  readonly updateVoiceState: (
    state: Command.VoiceStateUpdate["d"],
    options?: VoiceStateOptions
  ) => Effect.Effect<VoiceConnection, ShardError.SendError | ShardError.NoAnswerError>

  /** A handle for other fibers. */
  readonly sender: Sender
  /**
   * Closes the connection with this frame and stops. `CloseFrame.RESUME` and other codes keep the session, which is returned for a
   * later resume; `CloseFrame.NORMAL` and 1001 end it. A frame that `CloseFrame.make` refuses is a defect. Events received
   * before can still be read. A second call has no effect.
   */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<Option.Option<Session.Session>>
}

/**
 * The tag of a shard.
 *
 * @since 0.1.0
 * @category tags
 */
export const Shard = Context.GenericTag<Shard>("@vesper/gateway/Shard")

/**
 * Makes a shard in a scope. `Decompressor.CurrentDecompressor` selects the compression.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  id: ShardId.ShardId
) => Effect.Effect<
  Shard,
  never,
  ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket | Scope.Scope
> = internal.make

/**
 * Provides a shard.
 *
 * @example
 * ```ts
 * import { IdentifyQueue, Shard, ShardConfig } from "@vesper/gateway"
 * import { Intents, ShardId } from "@vesper/model"
 * import { GatewaySimulator } from "@vesper/testing"
 * import { Effect, Layer, Redacted, Stream } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const shard = yield* Shard.Shard
 *   yield* shard.events.pipe(
 *     Stream.take(1),
 *     Stream.runForEach((event) => Effect.log(event.t))
 *   )
 * })
 *
 * const layer = Shard.layer(ShardId.single).pipe(
 *   Layer.provide(ShardConfig.layer({ token: Redacted.make("any-token"), intents: Intents.of("Guilds") })),
 *   Layer.provide(IdentifyQueue.layerInMemory({ maxConcurrency: 1 })),
 *   Layer.provide(GatewaySimulator.layerInMemory())
 * )
 *
 * Effect.runPromise(Effect.provide(program, layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  id: ShardId.ShardId
): Layer.Layer<
  Shard,
  never,
  ShardConfig.ShardConfig | IdentifyQueue.IdentifyQueue | GatewaySocket.GatewaySocket
> => Layer.scoped(Shard, make(id))
