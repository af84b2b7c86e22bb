/**
 * The state that all connections of a simulated gateway share: sessions, identify limits, rules for what is to go
 * wrong, and the log. Plain and synchronous; time comes in through the Clock.
 */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as EventType from "@vesper/model/EventType"
import type * as Intents from "@vesper/model/Intents"
import * as Opcode from "@vesper/model/Opcode"
import * as ShardId from "@vesper/model/ShardId"
import type * as Clock from "effect/Clock"
import type * as Fault from "../Fault.js"
import * as LogEntry from "../LogEntry.js"
import type { Link } from "./link.js"
import type { Guild } from "./objects.js"

/** The options of a simulator with their defaults filled in; durations in milliseconds. */
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
  readonly guilds: ReadonlyArray<Guild>
}

/** What Discord remembers of a bot, whatever its shards and sessions. */
export interface BotState {
  /** When all members of a guild were last asked for. */
  readonly allMembersAt: Map<string, number>
  /** Where the bot is in voice, by guild. */
  readonly voice: Map<string, { readonly channel: string; readonly session: string }>
}

/** An event before it has its number. */
export interface Event {
  readonly t: string
  readonly d: unknown
  /** Where it happened; without one, it is for shard 0. */
  readonly guildId?: string | undefined
  /** For this shard only. */
  readonly shard?: number | undefined
}

export interface Session {
  readonly id: string
  readonly shard: ShardId.ShardId
  readonly intents: Intents.Intents
  readonly resumeUrl: string
  sequence: number
  /** Events that a resume may ask for, oldest first. */
  events: Array<{ readonly s: number; readonly t: string; readonly text: string }>
  link: Link | undefined
  lostAt: number | undefined
  /** How many numbers the next event leaves out. */
  skip: number
}

/**
 * What GET /gateway/bot answers.
 *
 * @see https://docs.discord.com/developers/events/gateway#get-gateway-bot
 */
export interface GatewayBot {
  readonly url: string
  readonly shards: number
  readonly session_start_limit: {
    readonly total: number
    readonly remaining: number
    /** In milliseconds. */
    readonly reset_after: number
    readonly max_concurrency: number
  }
}

export type Violation = Extract<LogEntry.LogEntry, { readonly _tag: "Violation" }>

export interface Gateway {
  readonly settings: Settings
  readonly sessions: Map<string, Session>
  readonly links: Set<Link>
  readonly botState: BotState
  readonly urls: { gateway: string; resume: string }
  readonly now: () => number
  readonly record: (entry: LogEntry.LogEntry) => void
  readonly log: ReadonlyArray<LogEntry.LogEntry>
  /** Kept apart, so that traffic does not push them out. */
  readonly violations: ReadonlyArray<Violation>
  /** The first rule for a connection to `url` that `matches`; it is used up by it. */
  readonly takeRule: <T extends Fault.Rule["_tag"]>(
    url: string,
    tag: T
  ) => Extract<Fault.Rule, { readonly _tag: T }> | undefined
  readonly addRule: (rule: Fault.Rule) => void
  readonly nextConnection: () => number
  readonly isToken: (token: unknown) => boolean
  readonly isResumeUrl: (url: string) => boolean
  /** Whether the shard may identify now; and takes note that it did. */
  readonly takeIdentify: (shard: ShardId.ShardId) => "ok" | "too soon" | "spent"
  /** What GET /gateway/bot answers. */
  readonly bot: () => GatewayBot
  readonly guildsOf: (shard: ShardId.ShardId) => ReadonlyArray<Guild>
  readonly startSession: (link: Link, shard: ShardId.ShardId, intents: Intents.Intents) => Session
  /** A session that can be resumed. */
  readonly findSession: (id: string) => Session | undefined
  readonly endSession: (session: Session, why: string) => void
  readonly dispatch: (event: Event) => number
  /** Numbers an event in a session, and keeps it for a resume. */
  readonly enqueue: (session: Session, t: string, d: unknown) => void
}

const identifySpacing = 5_000

// What Discord recommends, well below what it allows.
const guildsPerShard = 1_000
const violationLimit = 1_000

export const envelope = (op: number, t: string | null, s: number | null, d: string): string =>
  `{"t":${t === null ? "null" : `"${t}"`},"s":${s},"op":${op},"d":${d}}`

export const make = (settings: Settings, clock: Clock.Clock, publish: (entry: LogEntry.LogEntry) => void): Gateway => {
  const sessions = new Map<string, Session>()
  const log: Array<LogEntry.LogEntry> = []
  const violations: Array<Violation> = []
  const rules: Array<{ readonly rule: Fault.Rule; left: number }> = []
  const lastIdentify = new Map<number, number>()
  // Monotonic, as Discord's limits are: the wall clock of the machine under test may be set.
  const now = () => Math.floor(Number(clock.unsafeCurrentTimeNanos()) / 1e6)
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

  const renewBudget = () => {
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
        connection: session.link?.number ?? 0,
        shard: session.shard.id,
        session: session.id,
        why
      }))
    }
  }

  const enqueue = (session: Session, t: string, d: unknown) => {
    session.sequence += 1 + session.skip
    session.skip = 0
    const event = {
      s: session.sequence,
      t,
      text: envelope(Opcode.Dispatch, t, session.sequence, JSON.stringify(d))
    }
    session.events.push(event)
    if (session.events.length > settings.replayLimit) {
      session.events.shift()
    }
    session.link?.deliver(event)
  }

  const isFor = (session: Session, event: Event) => {
    if (EventType.isKnown(event.t) && !EventType.isAllowedBy(event.t, session.intents)) {
      return false
    }
    const shard = event.shard ??
      (event.guildId === undefined ? 0 : ShardId.shardOf(event.guildId, session.shard.total))
    return session.shard.id === shard
  }

  const findSession = (id: string) => {
    const session = sessions.get(id)
    if (session?.lostAt !== undefined && now() - session.lostAt > settings.sessionTimeout) {
      endSession(session, "it was without a connection for too long")
      return undefined
    }
    return session
  }

  return {
    settings,
    sessions,
    links: new Set(),
    botState: { allMembersAt: new Map(), voice: new Map() },
    urls,
    now,
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
      renewBudget()
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
    bot: () => {
      renewBudget()
      return {
        url: urls.gateway,
        shards: Math.max(1, Math.ceil(settings.guilds.length / guildsPerShard)),
        session_start_limit: {
          total: settings.identifyTotal,
          remaining: identifiesLeft,
          reset_after: resetAt - now(),
          max_concurrency: settings.maxConcurrency
        }
      }
    },
    guildsOf: (shard) => settings.guilds.filter(({ id }) => ShardId.shardOf(id, shard.total) === shard.id),
    startSession: (link, shard, intents) => {
      const session: Session = {
        id: (++sessionCount).toString(16).padStart(32, "0"),
        shard,
        intents,
        resumeUrl: urls.resume,
        sequence: 0,
        events: [],
        link,
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
      for (const session of Array.from(sessions.values())) {
        if (isFor(session, event) && findSession(session.id) !== undefined) {
          enqueue(session, event.t, event.d)
          count++
        }
      }
      return count
    },
    enqueue
  }
}
