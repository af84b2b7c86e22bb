/** Configuration of the shards of a run, in this process and in others. */
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"

export const token = Redacted.make("chaos.secret.token")

/** Discord's, made shorter so that a run of minutes meets what takes hours there; in milliseconds. */
export interface Speed {
  readonly heartbeatInterval: number
  readonly handshake: number
  readonly backoffMax: number
}

/** Attempts to resume at each of the two hosts. */
export const resumeAttempts = 3

export const config = (url: string, speed: Speed, acknowledge: ShardConfig.Acknowledge) =>
  ShardConfig.layer({
    token,
    intents: Intents.of("Guilds", "GuildMessages", "GuildMessageTyping"),
    gatewayUrl: url,
    acknowledge,
    timeouts: {
      open: speed.handshake,
      hello: speed.handshake,
      ready: speed.handshake * 2,
      resumed: speed.handshake * 2
    },
    reconnect: { backoffBase: 50, backoffMax: speed.backoffMax, stableAfter: speed.backoffMax, resumeAttempts }
  })

/** Configuration of a separate process. */
export interface Setting {
  readonly url: string
  readonly queueUrl: string
  readonly shard: number
  readonly total: number
  readonly speed: Speed
  /** A folder that outlives the process. */
  readonly sessions: string
  /** The file that this life's lines are written to. */
  readonly file: string
}

/** The number of an event that a run has sent. */
export const numberOf = (d: unknown): number | undefined =>
  Predicate.hasProperty(d, "number") && typeof d.number === "number" ? d.number : undefined
