/**
 * How fast the shards of one fleet come back after a loss. A thousand that fell together would otherwise all knock at
 * the gateway's door in one second, and again together a second later.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { Monotonic } from "../time/index.js"

/** What a connection is for. Neither kind waits behind the other: resumes are urgent, identifies have a queue. */
export type Kind = "resume" | "identify"

/** Waits until a connection of this kind may be opened. */
export type Pace = (kind: Kind) => Effect.Effect<void>

export interface Options {
  /** Connections that may be opened at once. */
  readonly burst: number
  /** How many may follow each second after those. */
  readonly perSecond: number
}

/** When the next place is free, in milliseconds: the generic cell rate algorithm, which needs no timer of its own. */
export interface Place {
  readonly wait: number
  /** To be given to the next call. */
  readonly next: number
}

/** Takes a place at `now`. `next` is what the call before gave. */
export const reserve = (options: Options, next: number, now: number): Place => {
  const interval = 1_000 / options.perSecond
  const arrival = Math.max(next, now)
  return { wait: Math.max(0, arrival - (options.burst - 1) * interval - now), next: arrival + interval }
}

/** Up to so much is added to each wait, so that several fleets do not step together. */
const jitterMillis = 1_000

export const make = (options: Options): Pace => {
  const next = { resume: Number.NEGATIVE_INFINITY, identify: Number.NEGATIVE_INFINITY }
  return (kind) =>
    Effect.flatMap(Monotonic.currentMillis, (now) => {
      const place = reserve(options, next[kind], now)
      next[kind] = place.next
      return place.wait === 0
        ? Effect.void
        : Effect.flatMap(Random.next, (random) => Effect.sleep(Math.ceil(place.wait + random * jitterMillis)))
    })
}

/** A shard of its own keeps no pace but its back-off. */
export class Current extends Context.Reference<Current>()("@vesper/gateway/internal/ConnectPace", {
  defaultValue: (): Pace => () => Effect.void
}) {}
