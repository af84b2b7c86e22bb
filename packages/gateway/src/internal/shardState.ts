/**
 * What a shard is at the moment. It outlives the connections, and one connection at a time writes it. Its fields are
 * plain and mutable, for the socket's callback writes them; no public type shows them.
 */
import type * as Command from "@vesper/model/Command"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import * as CommandRateLimiter from "../CommandRateLimiter.js"
import type * as Decompressor from "../Decompressor.js"
import type * as Diagnostic from "../Diagnostic.js"
import * as Latency from "../Latency.js"
import * as Session from "../Session.js"
import type * as ShardConfig from "../ShardConfig.js"
import * as ShardStatus from "../ShardStatus.js"
import type * as CommandLimiter from "./commandLimiter.js"
import * as CommandQueue from "./commands/queue.js"
import * as Counters from "./counters.js"
import type { LiveSession } from "./events/log/entry.js"
import { EventLog } from "./events/log/eventLog.js"
import * as Parse from "./events/log/parse.js"
import { Readers } from "./events/readers.js"
import * as StallWatch from "./events/log/stallWatch.js"
import * as Observable from "./observable.js"
import * as SlidingLog from "./time/slidingLog.js"
import type { After } from "./time/after.js"
import * as WireMemory from "./wire/memory.js"

export interface ShardState {
  readonly id: ShardId.ShardId
  /** An assembly adds the intents and events of its handlers, before the shard connects. */
  config: ShardConfig.ShardConfig
  readonly parse: Parse.Parse
  readonly log: EventLog
  readonly readers: Readers
  readonly commands: CommandQueue.CommandQueue
  /** What the bot is seen doing: what the config says, until a command has said something else. */
  presence: Option.Option<Command.Presence>
  /** When presences were sent. Kept over reconnects: what Discord counts them by is not documented. */
  readonly presences: SlidingLog.SlidingLog
  /** The program reads messages as they came, not only what they become when they are parsed. */
  preservesText: boolean
  readonly status: Observable.Observable<ShardStatus.ShardStatus>
  readonly diagnostics: Observable.Topic<Diagnostic.Diagnostic>
  readonly counters: Counters.Counters
  session: LiveSession | undefined
  readonly wire: WireMemory.WireMemory
  /** What the session was identified with, if that is known. */
  identity: Session.Identity | undefined
  /** The presence that the session shows, as text, if that is known. */
  shownPresence: string | undefined
  /** The shard's scope closes: nobody reads any more. */
  isReleased: boolean
  /** The bot's own id, once a READY has told it. */
  userId: string | undefined
  /** Of the current connection, or of the last one. */
  latency: Latency.Latency
  /** Of the current connection. */
  limiter: CommandLimiter.CommandLimiter | undefined
  /** Of the current connection. */
  inflater: Decompressor.Inflater | undefined
}

const diagnosticsCapacity = 256

/** What the shard's state needs and does not own. Both functions are synchronous. */
export interface Services {
  readonly after: After
  readonly notice: (diagnostic: Diagnostic.Diagnostic) => void
}

export const make = (
  id: ShardId.ShardId,
  config: ShardConfig.ShardConfig,
  { after, notice }: Services
): Effect.Effect<ShardState> =>
  Effect.gen(function*() {
    const counters = Counters.make()
    const drainTimeoutMillis = Duration.toMillis(config.drainTimeout)
    const watch = StallWatch.make(after, drainTimeoutMillis, () => counters.stalls++)
    let stopWatching: () => void = Function.constVoid
    const log = new EventLog({
      shard: id,
      capacity: config.eventBufferSize,
      capacityBytes: config.eventBufferBytes,
      notice,
      onPaused: () => {
        stopWatching = watch(log)
      },
      onResumed: () => stopWatching()
    })
    const keepsStreams = config.acknowledge === "onReceive"
    const readers = new Readers({ ending: undefined, drainTimeoutMillis, keepsStreams, after, notice })
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
      wire: WireMemory.make(),
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

/** The session to hand over: its sequence is that of the last event that is acknowledged. */
export const session = (state: ShardState): Option.Option<Session.Session> =>
  Option.map(Option.fromNullable(state.session), (session) => {
    const { id, resumeUrl } = session
    const { identity, shownPresence: presence } = state
    // What was not read by the end of the shard's scope is replayed to the next process.
    const sequence = state.config.acknowledge === "onHandled"
      ? state.log.acknowledgedIn(session)
      : state.isReleased
      ? state.log.readIn(session)
      : session.sequence
    return new Session.Session({
      id,
      sequence,
      ...(resumeUrl !== undefined && { resumeUrl }),
      ...(identity !== undefined && {
        identity: new Session.Identity({ ...identity, ...(presence !== undefined && { presence }) })
      })
    })
  })

/** Where the session is resumed. Behind a gateway proxy there is no other host. */
export const resumeUrl = ({ config, session }: ShardState): string | undefined =>
  Option.isSome(config.proxyUrl) ? undefined : session?.resumeUrl
