/**
 * Limits the rate at which the shards of one fleet reconnect. After an outage, a thousand shards would otherwise all connect in
 * the same second.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { Monotonic } from "../time/index.js"

/** The purpose of a connection. Each has a rate of its own, because resumes are urgent and IDENTIFYs have a queue. */
export type Purpose = "resume" | "identify"

/** Waits until a connection for this purpose may be opened. */
export type ReconnectThrottle = (purpose: Purpose) => Effect.Effect<void>

export interface Rate {
  /** Connections that may be opened at once. */
  readonly burst: number
  /** Further connections for each second. */
  readonly perSecond: number
}

/** A reservation of the generic cell rate algorithm, in milliseconds. */
export interface Reservation {
  readonly wait: number
  /** The argument of the next reservation. */
  readonly next: number
}

/** Reserves a connection at `now`. `next` is from the previous reservation. */
export const reserve = ({ burst, perSecond }: Rate, next: number, now: number): Reservation => {
  const interval = 1_000 / perSecond
  const arrival = Math.max(next, now)
  return { wait: Math.max(0, arrival - (burst - 1) * interval - now), next: arrival + interval }
}

/** The largest random addition to a wait, to avoid synchronized reconnects of several fleets. */
const jitterMillis = 1_000

/** Makes a throttle that is shared by the shards of a fleet. */
export const make = (rate: Rate): ReconnectThrottle => {
  const next = { resume: Number.NEGATIVE_INFINITY, identify: Number.NEGATIVE_INFINITY }
  return (purpose) =>
    Effect.flatMap(Monotonic.currentMillis, (now) => {
      const reservation = reserve(rate, next[purpose], now)
      next[purpose] = reservation.next
      return reservation.wait === 0
        ? Effect.void
        : Effect.flatMap(Random.next, (random) => Effect.sleep(Math.ceil(reservation.wait + random * jitterMillis)))
    })
}

/** The throttle of a shard. Default: no limit but the back-off. */
export class Current extends Context.Reference<Current>()("@vesper/gateway/internal/ReconnectThrottle", {
  defaultValue: (): ReconnectThrottle => () => Effect.void
}) {}
