/**
 * The state that all connections of a simulated gateway share: sessions, identify limits, rules for the next connections,
 * and the log. Synchronous; the Clock is its only source of time.
 */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import type * as Permissions from "@vesper/model/Permissions"
import * as ShardId from "@vesper/model/ShardId"
import * as Snowflake from "@vesper/model/Snowflake"
import type * as Clock from "effect/Clock"
import type * as Fault from "../../Fault.js"
import type * as GatewaySimulator from "../../GatewaySimulator.js"
import * as LogEntry from "../../LogEntry.js"
import type * as World from "../../World.js"
import { Guilds, Interactions, State } from "../world/index.js"
import type { Connection } from "./connection.js"
import * as Visibility from "./visibility.js"

/** The options of a simulator with their defaults; durations in milliseconds. */
export interface Settings {
  readonly token: string | undefined
  readonly heartbeatInterval: number
  readonly heartbeatTolerance: number
  readonly maxConcurrency: number
  readonly identifyTotal: number
  readonly identifyRemaining: number
  readonly identifyResetAfter: number
  readonly allowedIntents: Intents.Intents
  readonly sessionTimeout: number
  readonly replayLimit: number
  readonly logLimit: number
  readonly maxGuildsPerShard: number
  readonly strictInvalidSession: boolean
  readonly globalRequestsPerSecond: number
  /** Undefined for a bot that may do everything. */
  readonly permissions: Permissions.Permissions | undefined
  readonly guilds: ReadonlyArray<World.Guild>
}

/** State of the bot that outlives its sessions. */
export interface BotState {
  /** The time of the last request for all members, by guild. */
  readonly allMembersAt: Map<string, number>
}

export interface Session extends Visibility.Viewer {
  readonly id: string
  readonly shard: ShardId.ShardId
  readonly resumeUrl: string
  sequence: number
  /** Events that a resume may replay, oldest first. */
  events: Array<SessionEvent>
  connection: Connection | undefined
  lostAt: number | undefined
  /** Sequence numbers that the next event skips. */
  skip: number
}

/** An event with its sequence number, serialized. */
export interface SessionEvent {
  readonly s: number
  readonly t: string
  readonly text: string
}

/** The options of IDENTIFY that a session keeps. */
export interface SessionOptions extends Visibility.Viewer {
  readonly shard: ShardId.ShardId
}

export type Violation = Extract<LogEntry.LogEntry, { readonly _tag: "Violation" }>

export interface Gateway {
  readonly settings: Settings
  readonly sessions: Map<string, Session>
  readonly connections: Set<Connection>
  readonly botState: BotState
  readonly urls: { gateway: string; resume: string }
  /** The state of the guilds, which dispatched events change. */
  readonly world: State.State
  readonly interactions: Interactions.Interactions
  readonly now: () => number
  /**
   * Discord's time in milliseconds since 1970. A clock of a test that begins in 1970, before the first snowflake, is
   * moved to 2025, so that dates and ids agree.
   */
  readonly date: () => number
  /** Moves Discord's time against the clock of the program. */
  readonly skewDate: (millis: number) => void
  /** Makes the id of something that is created now. */
  readonly nextId: () => string
  readonly record: (entry: LogEntry.LogEntry) => void
  readonly log: ReadonlyArray<LogEntry.LogEntry>
  /** Kept apart from the log, so that traffic does not displace them. */
  readonly violations: ReadonlyArray<Violation>
  /** Takes the first rule of this kind for a connection to `url`, and uses it up by one. */
  readonly takeRule: <T extends Fault.Rule["_tag"]>(
    url: string,
    tag: T
  ) => Extract<Fault.Rule, { readonly _tag: T }> | undefined
  readonly addRule: (rule: Fault.Rule) => void
  readonly clearRules: () => void
  readonly nextConnection: () => number
  readonly isToken: (token: unknown) => boolean
  readonly isResumeUrl: (url: string) => boolean
  /** Counts an identify of the shard against the limits. */
  readonly takeIdentify: (shard: ShardId.ShardId) => "ok" | "too soon" | "spent"
  /** The body of GET /gateway/bot. */
  readonly gatewayBot: () => GatewaySimulator.GatewayBot
  /** The guilds of a shard. */
  readonly guildsOf: (shard: ShardId.ShardId) => ReadonlyArray<World.Guild>
  readonly startSession: (connection: Connection, options: SessionOptions) => Session
  /** Finds a session that can be resumed. */
  readonly findSession: (id: string) => Session | undefined
  readonly endSession: (session: Session, why: string) => void
  /** Sends an event to every session that it is visible to; returns their number. */
  readonly dispatch: (event: GatewaySimulator.Event) => number
  /** Numbers an event of a session, as far as it is visible to it, and keeps it for a resume. */
  readonly enqueue: (session: Session, t: string, d: unknown) => void
  /** Does the same with a body in JSON. */
  readonly enqueueText: (session: Session, t: string, body: string) => void
}

const identifySpacing = 5_000

// Discord's recommendation, well below its limit.
const guildsPerShard = 1_000
const violationLimit = 1_000

/** Discord's date when a clock of a test begins at zero: 2025-01-01. */
const testDate = 1_735_689_600_000

/** Serializes a payload around a body in JSON. */
export const envelope = (op: number, t: string | null, s: number | null, d: string): string =>
  `{"t":${t === null ? "null" : `"${t}"`},"s":${s},"op":${op},"d":${d}}`

export const make = (settings: Settings, clock: Clock.Clock, publish: (entry: LogEntry.LogEntry) => void): Gateway => {
  const world = State.make(settings.guilds, settings.permissions)
  const ids = Guilds.makeIds()
  const sessions = new Map<string, Session>()
  const log: Array<LogEntry.LogEntry> = []
  const violations: Array<Violation> = []
  const rules: Array<{ readonly rule: Fault.Rule; left: number }> = []
  const lastIdentify = new Map<number, number>()
  const botState: BotState = { allMembersAt: new Map() }
  // Monotonic, as Discord's limits are: a test may set the wall clock.
  const now = () => Math.floor(Number(clock.unsafeCurrentTimeNanos()) / 1e6)
  const interactions = Interactions.make(now)
  let dateOffset = now() < Snowflake.epoch ? testDate : 0
  const date = () => now() + dateOffset
  let identifiesLeft = settings.identifyRemaining
  let resetAt = now() + settings.identifyResetAfter
  let isTokenRevoked = false
  let connections = 0
  let sessionCount = 0
  const urls = { gateway: "wss://gateway.simulator.test/", resume: "wss://resume.simulator.test/" }

  const record = (entry: LogEntry.LogEntry) => {
    log.push(entry)
    if (log.length > settings.logLimit) {
      log.splice(0, Math.ceil(log.length / 2))
    }
    if (entry._tag === "Violation" && violations.length < violationLimit) {
      violations.push(entry)
    }
    publish(entry)
  }

  const resetBudget = () => {
    if (now() >= resetAt) {
      identifiesLeft = settings.identifyTotal
      resetAt = now() + settings.identifyResetAfter
    }
  }

  const isResumeUrl = (url: string) => url.split("?")[0] === urls.resume

  const endSession = (session: Session, why: string) => {
    if (sessions.delete(session.id)) {
      record(LogEntry.SessionEnded({
        at: now(),
        connection: session.connection?.number ?? 0,
        shard: session.shard.id,
        session: session.id,
        why
      }))
    }
  }

  const enqueueText = (session: Session, t: string, body: string) => {
    session.sequence += 1 + session.skip
    session.skip = 0
    const event = { s: session.sequence, t, text: envelope(Opcode.Dispatch, t, session.sequence, body) }
    session.events.push(event)
    if (session.events.length > settings.replayLimit) {
      session.events.shift()
    }
    session.connection?.deliver(event)
  }

  const enqueue = (session: Session, t: string, d: unknown) =>
    enqueueText(session, t, JSON.stringify(Visibility.bodyFor(session, t, d)))

  const isRoutedTo = ({ shard }: Session, event: GatewaySimulator.Event) =>
    shard.id === (event.shard ?? (event.guildId === undefined ? 0 : ShardId.shardOf(event.guildId, shard.total)))

  const findSession = (id: string) => {
    const session = sessions.get(id)
    if (session?.lostAt !== undefined && now() - session.lostAt > settings.sessionTimeout) {
      endSession(session, "it had no connection for too long")
      return undefined
    }
    return session
  }

  return {
    settings,
    sessions,
    connections: new Set(),
    botState,
    urls,
    world,
    interactions,
    now,
    date,
    skewDate: (millis) => {
      dateOffset += millis
    },
    nextId: () => ids.next(date()),
    record,
    log,
    violations,
    takeRule: <T extends Fault.Rule["_tag"]>(url: string, tag: T) => {
      const host = isResumeUrl(url) ? "resume" : "gateway"
      const found = rules.find(({ left, rule }) =>
        left > 0 && rule._tag === tag && (rule.host === "any" || rule.host === host)
      )
      if (found === undefined) {
        return undefined
      }
      found.left--
      // Its tag was compared just above.
      return found.rule as Extract<Fault.Rule, { readonly _tag: T }>
    },
    addRule: (rule) => {
      rules.push({ rule, left: rule.times })
    },
    clearRules: () => {
      rules.length = 0
    },
    nextConnection: () => ++connections,
    isToken: (token) => {
      if (isTokenRevoked || typeof token !== "string") {
        return false
      }
      const bare = ShardConfig.bareToken(token)
      return settings.token === undefined ? bare !== "" : bare === settings.token
    },
    isResumeUrl,
    takeIdentify: (shard) => {
      const at = now()
      resetBudget()
      const bucket = ShardId.bucket(shard, settings.maxConcurrency)
      const last = lastIdentify.get(bucket)
      if (last !== undefined && at - last < identifySpacing) {
        return "too soon"
      }
      if (identifiesLeft === 0) {
        isTokenRevoked = true
        return "spent"
      }
      identifiesLeft--
      lastIdentify.set(bucket, at)
      return "ok"
    },
    gatewayBot: () => {
      resetBudget()
      return {
        url: urls.gateway,
        shards: Math.max(1, Math.ceil(world.guilds().length / guildsPerShard)),
        session_start_limit: {
          total: settings.identifyTotal,
          remaining: identifiesLeft,
          reset_after: resetAt - now(),
          max_concurrency: settings.maxConcurrency
        }
      }
    },
    guildsOf: (shard) => world.guilds().filter(({ id }) => ShardId.shardOf(id, shard.total) === shard.id),
    startSession: (connection, options) => {
      const session: Session = {
        ...options,
        id: (++sessionCount).toString(16).padStart(32, "0"),
        resumeUrl: urls.resume,
        sequence: 0,
        events: [],
        connection,
        lostAt: undefined,
        skip: 0
      }
      sessions.set(session.id, session)
      return session
    },
    findSession,
    endSession,
    dispatch: (event) => {
      let count = 0
      world.apply(event)
      interactions.add(event)
      for (const session of Array.from(sessions.values())) {
        if (
          isRoutedTo(session, event) && Visibility.isVisible(session, event.t, event.d, event.guildId) &&
          findSession(session.id) !== undefined
        ) {
          enqueue(session, event.t, event.d)
          count++
        }
      }
      return count
    },
    enqueue,
    enqueueText
  }
}
