/**
 * What a shard is at the moment. It outlives the connections, and one connection at a time writes it. Its fields are
 * plain and mutable, for the socket's callback writes them; no public type shows them.
 */
import type * as Command from "@vesper/model/Command"
import type * as ShardId from "@vesper/model/ShardId"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
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
import type * as EventBuffer from "./eventBuffer.js"
import * as EventHub from "./eventHub.js"
import * as Observable from "./observable.js"
import * as Parse from "./parse.js"
import * as SlidingLog from "./slidingLog.js"
import * as Taps from "./taps.js"

/** Whoever is given one event at a time. */
export interface Reader {
  given: EventBuffer.Dispatched | undefined
}

export interface ShardState {
  readonly id: ShardId.ShardId
  readonly config: ShardConfig.ShardConfig
  readonly parse: Parse.Parse
  readonly buffer: EventHub.EventHub
  readonly commands: CommandQueue.CommandQueue
  /** What the bot is seen doing: what the config says, until a command has said something else. */
  presence: Option.Option<Command.Presence>
  /** When presences were sent. Kept over reconnects: what Discord counts them by is not documented. */
  readonly presences: SlidingLog.SlidingLog
  /** The program reads messages as they came, not only what they become when they are parsed. */
  areTextsShown: boolean
  /** Who listens to single events, whatever the program reads. */
  readonly taps: Taps.Taps
  readonly status: Observable.Observable<ShardStatus.ShardStatus>
  readonly diagnostics: Observable.Topic<Diagnostic.Diagnostic>
  readonly counters: Counters.Counters
  session: EventBuffer.LiveSession | undefined
  /** Events that were taken to be handled and are not yet, where the shard acknowledges what is handled. */
  readonly unhandled: Set<EventBuffer.Dispatched>
  /** The event that `nextEvent` gave last. */
  given: EventBuffer.Dispatched | undefined
  /** The shard's scope closes: nobody reads any more. */
  isReleased: boolean
  /** What stops each `runForEach` that is under way, and waits for its handlers. */
  readonly runs: Set<Effect.Effect<void>>
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

export const make = (id: ShardId.ShardId, config: ShardConfig.ShardConfig): Effect.Effect<ShardState> =>
  Effect.gen(function*() {
    const status = Observable.make<ShardStatus.ShardStatus>(
      ShardStatus.Disconnected({ closeCode: Option.none(), reconnectAttempts: 0 })
    )
    const diagnostics = Observable.makeTopic<Diagnostic.Diagnostic>(diagnosticsCapacity)
    const session = Option.getOrUndefined(config.session)
    return {
      id,
      config,
      parse: yield* Parse.make(config.validate),
      buffer: EventHub.make(config.eventBufferSize),
      commands: CommandQueue.make(config.commandQueueSize),
      presence: config.presence,
      presences: SlidingLog.make(Duration.toMillis(CommandRateLimiter.presenceWindow)),
      areTextsShown: false,
      taps: Taps.make(),
      status,
      diagnostics,
      counters: Counters.make(),
      session: session && fromStored(session),
      unhandled: new Set(),
      given: undefined,
      isReleased: false,
      runs: new Set(),
      userId: undefined,
      latency: Latency.empty,
      limiter: undefined,
      inflater: undefined
    }
  })

export const fromStored = ({ id, resumeUrl, sequence }: Session.Session): EventBuffer.LiveSession => ({
  id,
  resumeUrl,
  sequence,
  since: sequence
})

/** The number up to which nothing of the session waits for its handler. What nobody wanted never waits. */
const handledUpTo = (state: ShardState, session: EventBuffer.LiveSession): number => {
  let lowest = state.buffer.unsafeLowest(session) ?? session.sequence + 1
  for (const event of state.unhandled) {
    if (event.session === session && event.s < lowest) {
      lowest = event.s
    }
  }
  // READY cannot be brought again: a resume has RESUMED in its place.
  return Math.max(lowest - 1, session.since)
}

/** Nobody says when the event that `nextEvent` gave is handled: it is when somebody asks for another. */
export const settleGiven = (state: ShardState, reader: Reader = state): void => {
  if (reader.given !== undefined) {
    state.unhandled.delete(reader.given)
    reader.given = undefined
  }
}

/** Remembers the event that `nextEvent` gives. */
export const give = (state: ShardState, event: EventBuffer.Dispatched, reader: Reader = state): void => {
  if (state.config.acknowledge === "onHandled") {
    // Several subscribers handle the same event, each in its time: it counts once for each.
    const given = reader === state ? event : { ...event }
    reader.given = given
    state.unhandled.add(given)
  }
}

/** The session to hand over: its sequence is that of the last event that is acknowledged. */
export const session = (state: ShardState): Option.Option<Session.Session> =>
  Option.map(Option.fromNullable(state.session), (session) => {
    const { id, resumeUrl } = session
    // What is in the buffer when nobody reads any more was received in vain: the next process gets it.
    const sequence = state.config.acknowledge === "onHandled" || state.isReleased
      ? handledUpTo(state, session)
      : session.sequence
    return new Session.Session({ id, sequence, ...(resumeUrl !== undefined && { resumeUrl }) })
  })

/** Where the session is resumed. Behind a gateway proxy there is no other host. */
export const resumeUrl = ({ config, session }: ShardState): string | undefined =>
  Option.isSome(config.proxyUrl) ? undefined : session?.resumeUrl
