/**
 * The state of a shard. It outlives the connections, and one connection at a time writes it. Its fields are mutable, because
 * the socket's callback writes them; public types do not expose them.
 */
import type * as Command from "@vesper/model/Command"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import * as CommandRateLimiter from "../../CommandRateLimiter.js"
import type * as Decompressor from "../../Decompressor.js"
import type * as Diagnostic from "../../Diagnostic.js"
import * as Latency from "../../Latency.js"
import type * as Session from "../../Session.js"
import type * as ShardConfig from "../../ShardConfig.js"
import * as ShardStatus from "../../ShardStatus.js"
import { CommandQueue } from "../commands/index.js"
import type { CommandLimiter } from "../commands/index.js"
import * as Counters from "./counters.js"
import { EventLog, Parse, StallWatch } from "../events/log/index.js"
import type { LiveSession } from "../session/index.js"
import { Readers } from "../events/index.js"
import * as Observable from "./observable.js"
import { SlidingLog } from "../time/index.js"
import type { After } from "../time/index.js"
import { RefusedMessages } from "../wire/index.js"

/** The state of a shard. Other rooms than `connection`, `session` and `shard` declare the fields that they use. */
export interface ShardState {
  readonly id: ShardId.ShardId
  /** An assembly adds the intents and events of its handlers, before the shard connects. */
  config: ShardConfig.ShardConfig
  readonly parse: Parse.Parse
  readonly log: EventLog
  readonly readers: Readers
  readonly commands: CommandQueue.CommandQueue
  /** The presence of the config, until a command changes it. */
  presence: Option.Option<Command.Presence>
  /** The times of presences. Kept over reconnects, because Discord does not document the scope of the limit. */
  readonly presences: SlidingLog.SlidingLog
  /** True if the program reads messages as text, which then must be kept as received. */
  preservesText: boolean
  readonly status: Observable.Observable<ShardStatus.ShardStatus>
  readonly diagnostics: Observable.Topic<Diagnostic.Diagnostic>
  readonly counters: Counters.Counters
  session: LiveSession | undefined
  readonly refused: RefusedMessages.RefusedMessages
  /** The time at which the last established connection ended, in milliseconds of monotonic time. */
  lostAt: number | undefined
  /** The values that the session was identified with, if known. */
  identity: Session.Identity | undefined
  /** The presence of the session as text, if known. */
  shownPresence: string | undefined
  /** True once the shard's scope closes, after which no reader starts. */
  isReleased: boolean
  /** The bot's user id from READY. */
  userId: string | undefined
  /** The latency of the current or the last connection. */
  latency: Latency.Latency
  limiter: CommandLimiter.CommandLimiter | undefined
  inflater: Decompressor.Inflater | undefined
}

const diagnosticsCapacity = 256

/** The synchronous functions that the state of a shard calls. */
export interface StateCallbacks {
  readonly after: After.After
  readonly publish: (diagnostic: Diagnostic.Diagnostic) => void
}

/** Makes the state of a shard that has not started. */
export const make = (
  id: ShardId.ShardId,
  config: ShardConfig.ShardConfig,
  { after, publish }: StateCallbacks
): Effect.Effect<ShardState> =>
  Effect.gen(function*() {
    const counters = Counters.make()
    const drainTimeoutMillis = Duration.toMillis(config.drainTimeout)
    const watch = StallWatch.make(after, drainTimeoutMillis)
    let stopWatching: () => void = Function.constVoid
    const log = new EventLog({
      shard: id,
      capacity: config.eventBufferSize,
      capacityBytes: config.eventBufferBytes,
      publish,
      onPaused: () => {
        stopWatching = watch(log)
      },
      onResumed: () => stopWatching()
    })
    const keepsStreams = config.acknowledge === "onReceive"
    const readers = new Readers({ ending: undefined, drainTimeoutMillis, keepsStreams, after, publish })
    readers.addLog(log)
    const status = Observable.make<ShardStatus.ShardStatus>(
      ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 })
    )
    const diagnostics = Observable.makeTopic<Diagnostic.Diagnostic>(diagnosticsCapacity)
    const session = Option.getOrUndefined(config.session)
    return {
      id,
      config,
      parse: yield* Parse.make(config.validate),
      log,
      readers,
      commands: CommandQueue.make(config.commandQueueSize),
      presence: config.presence,
      presences: SlidingLog.make(Duration.toMillis(CommandRateLimiter.presenceWindow)),
      preservesText: false,
      status,
      diagnostics,
      counters,
      session: session && fromStored(session),
      refused: RefusedMessages.make(),
      lostAt: undefined,
      identity: session?.identity,
      shownPresence: session?.identity?.presence,
      isReleased: false,
      userId: undefined,
      latency: Latency.empty,
      limiter: undefined,
      inflater: undefined
    }
  })

export const fromStored = ({ id, resumeUrl, sequence }: Session.Session): LiveSession => ({
  id,
  resumeUrl,
  sequence,
  since: sequence
})

/** Returns the resume URL of the session. A gateway proxy replaces it. */
export const resumeUrl = ({ config, session }: ShardState): string | undefined =>
  Option.isSome(config.proxyUrl) ? undefined : session?.resumeUrl
