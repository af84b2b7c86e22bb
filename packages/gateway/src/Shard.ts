/**
 * A shard: one session with Discord's gateway, kept alive over as many connections as it takes.
 *
 * It connects at its first reading, or when `connect` is run. When its scope closes, everything it started is gone:
 * fibers, timers, the socket. The socket's close frame keeps the session, so that the next process can resume it.
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
import type * as MemberRequest from "./MemberRequest.js"
import type * as Message from "./Message.js"
import type * as Session from "./Session.js"
import type * as ShardConfig from "./ShardConfig.js"
import type * as ShardError from "./ShardError.js"
import type * as ShardStatus from "./ShardStatus.js"
import type * as Subscription from "./Subscription.js"
import type * as VoiceState from "./VoiceState.js"

/**
 * What other fibers need to send commands, and no more.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sender {
  /**
   * Sends a command and completes when it is written. The command waits until the shard is identified and within its rate
   * limit, also over reconnects; while too many wait it waits for a place, in the order of asking. Commands are written in the
   * order given, with three exceptions:
   *
   * - A newer presence, or voice state of the same guild, replaces the one that waits and completes both.
   * - Presences beyond five in 20 seconds let other commands pass.
   * - Member requests and channel info requests let others pass, four at a time, and use at most 100 places of a window.
   *
   * Interruption withdraws a command that still waits. A command that was being written when the connection was lost is
   * written again on the next.
   */
  readonly command: (command: Command.Command) => Effect.Effect<void, ShardError.SendError>
  /** Sends a command that is JSON text, at most 4096 bytes. It is parsed to find its kind and written as it is. */
  readonly send: (json: string) => Effect.Effect<void, ShardError.SendError>
  /** Closes the shard, as `Shard.close` does. */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<Option.Option<Session.Session>>
  /** Whether nothing can be sent any more: the shard was closed, by the gateway for good or by the program. */
  readonly isClosed: Effect.Effect<boolean>
}

/**
 * How much the current connection's compression has saved.
 *
 * @since 0.1.0
 * @category models
 */
export interface InflaterStats {
  /** Compressed bytes received. */
  readonly bytesIn: number
  /** Bytes they became. */
  readonly bytesOut: number
  /** Bytes that one received byte became on average; 1 before the first. */
  readonly ratio: number
}

/**
 * How handlers are run, for shards and fleets.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  /** Handlers at a time. Default: 1, in the order of arrival. */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * With `guild`, events of one guild are handled one after the other in the order of arrival, whatever the concurrency, and so are
   * the events of a shard that have no guild. With `none` they may be handled beside each other. Default: `guild`.
   */
  readonly order?: "guild" | "none" | undefined
  /** A span `vesper.handle` for each event, with its type and shard. Default: none. */
  readonly spans?: boolean | undefined
}

/**
 * The options of `runForEach`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunForEachOptions extends RunOptions {
  /** The events that the handler wants, of those that the shard does. Default: all. */
  readonly events?: Iterable<EventType.EventType> | undefined
  /** Says which later run takes over what this one has not handled: one with the same key. Default: any without a key. */
  readonly key?: unknown
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Shard extends Sender {
  readonly id: ShardId.ShardId
  /** What the shard was made with. The token in it is redacted. */
  readonly config: ShardConfig.ShardConfig

  /** Starts the shard if it is not running, after `close` too. Does not wait for the connection. */
  readonly connect: Effect.Effect<void>

  /**
   * The events of the shard from the time that the stream is run, or since the start of the shard if nothing has read before.
   * Each run of the stream receives every event. It takes what waits in chunks, acknowledges nothing, and never keeps back the
   * session to resume from, because its consumer may read ahead of its work. Carries on over everything that the shard
   * recovers from; ends when the program closes the shard, and fails when the gateway closes it for good.
   */
  readonly events: Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError>
  /**
   * Runs a handler for each event, in the order of arrival. Each run receives every event, from its start on, or since the start
   * of the shard if nothing has read before. Carries on over everything that the shard recovers from, ends when the program
   * closes the shard, and fails when the gateway closes it for good, or with the error of a handler. This is the cheapest way to
   * read events, and the one that knows when an event is handled. A handler has a `Scope` of its own, which closes when it is
   * over, and the fiber-local values of the run.
   *
   * When the run is interrupted or fails, no further handler begins, and those that are under way have `drainTimeout` to complete.
   * What it has not begun, and with `acknowledge: "onHandled"` also what it has begun and not finished, is read first by the next
   * run with the same `key`, in this process or in the one that resumes the session. If there is none within `drainTimeout`, it is
   * dropped with a diagnostic.
   */
  readonly runForEach: <E, R>(
    handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E, R>,
    options?: RunForEachOptions
  ) => Effect.Effect<void, E | ShardError.FatallyClosedError, Exclude<R, Scope.Scope>>
  /**
   * Returns the next event. All fibers that run this share the events out; other readers receive them too. Fails with each error
   * as it happens, and can be run again unless `ShardError.isFatal` says otherwise. Interrupting the wait loses nothing.
   *
   * With `acknowledge: "onHandled"` an event is handled when the fiber that received it runs this again or ends well. If the fiber
   * fails or is interrupted, the event is given to the next one that asks. A fiber that begins another reader passes on to it
   * what it has not read.
   */
  readonly nextEvent: Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError>
  /**
   * Returns the next payload as text, control payloads included, or the end of a connection. Shares its place with `nextEvent`, and
   * fails in the same way. Texts are as they were received; only those that waited before the first call may have characters as
   * `\u` escapes, which are the same JSON.
   */
  readonly nextMessage: Effect.Effect<Message.Message, ShardError.ReceiveError>
  /**
   * Adds a reader with a strategy for the time that it is too slow, until the scope closes. It receives every event from now on,
   * or since the start of the shard if nothing has read before, and acknowledges nothing. Fails with a `ConfigError` if the
   * capacity is not an integer of at least 1.
   */
  readonly subscribe: <S extends Subscription.Strategy = "suspend">(
    options?: Subscription.SubscribeOptions<S>
  ) => Effect.Effect<
    Subscription.Subscription<"fail" extends S ? Subscription.SubscriptionOverflowError : never>,
    ConfigError.ConfigError,
    Scope.Scope
  >

  /** Where the shard stands now. */
  readonly status: Effect.Effect<ShardStatus.ShardStatus>
  /** Where the shard stands, then every change of it. */
  readonly statusChanges: Stream.Stream<ShardStatus.ShardStatus>
  /** What it takes to resume, from the last event that is done; none before READY, and after the session has ended. */
  readonly session: Effect.Effect<Option.Option<Session.Session>>
  /** Events that wait for the reader that is furthest behind. */
  readonly buffered: Effect.Effect<number>
  /** Where that session is resumed; none if the gateway named no place, or if the config says where everything goes. */
  readonly resumeUrl: Effect.Effect<Option.Option<string>>
  /** How long the gateway takes to acknowledge heartbeats; begins anew with each connection. */
  readonly latency: Effect.Effect<Latency.Latency>
  /** What the current connection may still send; none without a connection, or if limiting is off. */
  readonly rateLimiter: Effect.Effect<Option.Option<CommandRateLimiter.CommandRateLimiter>>
  /** None without a connection, or without compression. */
  readonly inflater: Effect.Effect<Option.Option<InflaterStats>>
  /** What the shard notices and survives. A slow listener misses the oldest. */
  readonly diagnostics: Stream.Stream<Diagnostic.Diagnostic>
  /** Tells the log and `diagnostics` what those who run on this shard have noticed and survived. */
  readonly report: (diagnostic: Diagnostic.Diagnostic) => Effect.Effect<void>

  /**
   * Emits members of a guild in the chunks in which they arrive: all of them, by the beginning of their names, or by any
   * number of ids. Leaves the events to their readers, and needs none of them in the config. Read events at the same time: a
   * program that reads none while its buffer is full receives no answer.
   *
   * Discord limits requests for all members to one per guild in 30 seconds. A limited request is sent again after
   * `retry_after`, at least one second, and fails with `NoAnswerError` after ten attempts or five minutes of waiting. If the
   * session ends before the first chunk, the request is sent again in the next.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#request-guild-members
   */
  readonly requestGuildMembers: (
    request: MemberRequest.MemberRequest,
    options?: MemberRequest.Options
  ) => Stream.Stream<MemberRequest.Chunk, ShardError.SendError | ShardError.NoAnswerError>
  /** Returns all chunks in one value. A guild with a hundred thousand members takes some 100 MB: use the stream for it. */
  readonly collectGuildMembers: (
    request: MemberRequest.MemberRequest,
    options?: MemberRequest.Options
  ) => Effect.Effect<MemberRequest.Members, ShardError.SendError | ShardError.NoAnswerError>
  /**
   * Changes what the bot is seen doing, and completes when that, or something newer, was written. Discord does not
   * answer. It lasts for as long as the shard: a new session identifies with it, and so do the shards that a fleet is
   * resharded to.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#update-presence
   */
  readonly updatePresence: (presence: Command.PresenceOptions) => Effect.Effect<void, ShardError.SendError>
  /**
   * Joins a voice channel, moves to it, or leaves with `channel_id: null`, and waits for the answer: the bot's voice state and,
   * unless it leaves, the voice server. If the session ends before the answer, the update is sent again in the next. To mute or
   * deafen the bot where it is, use `command`: Discord sends no voice server then.
   *
   * @see https://docs.discord.com/developers/events/gateway-events#update-voice-state
   */
  readonly updateVoiceState: (
    state: Command.VoiceStateUpdate["d"],
    options?: VoiceState.Options
  ) => Effect.Effect<VoiceState.VoiceConnection, ShardError.SendError | ShardError.NoAnswerError>

  /** A handle to give to other fibers. */
  readonly sender: Sender
  /**
   * Closes the connection with this frame and stops. `CloseFrame.RESUME` keeps the session, which is given back for a
   * later resume; `CloseFrame.NORMAL` ends it; other codes keep it, but for 1001. A frame that
   * `CloseFrame.make` would refuse is a defect. What was received before can still be read. Closing twice is harmless.
   */
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<Option.Option<Session.Session>>
}

/**
 * @since 0.1.0
 * @category tags
 */
export const Shard = Context.GenericTag<Shard>("@vesper/gateway/Shard")

/**
 * Makes a shard in a scope. Compression is what the layer of `Decompressor` says, none without one.
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
