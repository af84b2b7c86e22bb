/**
 * Rate limits: of each route and its channel, guild or webhook, of all requests of a bot, and of invalid requests.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits
 */
import * as Hash from "effect/Hash"
import type { Limit, Response } from "./api.js"

/** Counts of what a client exceeded. */
export interface Usage {
  requests: number
  routeExceeded: number
  globalExceeded: number
  invalid: number
}

export interface Bucket {
  /** The same for all channels, guilds or webhooks. */
  readonly route: string
  readonly major: string
  readonly limit: Limit
  readonly isGlobal: boolean
}

type Scope = "global" | "shared" | "user"

export interface Limits {
  readonly usage: Usage
  /** Counts a request. Returns the refusal if a limit is exceeded. */
  readonly take: (bucket: Bucket) => Response | undefined
  /** The headers of a bucket after a request. */
  readonly headers: (bucket: Bucket) => Readonly<Record<string, string>>
  /** The response for a limit, exceeded or not. */
  readonly refuse: (scope: Scope, retryAfter: number, bucket: Bucket) => Response
  /** Counts a response that Discord counts as invalid. */
  readonly countInvalid: (response: Response) => void
}

interface Window {
  readonly endsAt: number
  used: number
}

const invalidLimit: Limit = { count: 10_000, window: 600_000 }
const maxWindows = 10_000

const seconds = (millis: number): string => (Math.ceil(Math.max(0, millis)) / 1_000).toFixed(3)

/** `now` is monotonic, `date` is Discord's time, and `perSecond` the limit of all requests of the bot. */
export const make = (now: () => number, date: () => number, perSecond: number): Limits => {
  const globalLimit: Limit = { count: perSecond, window: 1_000 }
  const windows = new Map<string, Window>()
  const usage: Usage = { requests: 0, routeExceeded: 0, globalExceeded: 0, invalid: 0 }

  const sweep = (at: number) => {
    for (const [key, { endsAt }] of windows) {
      if (endsAt <= at || windows.size > maxWindows) {
        windows.delete(key)
      }
    }
  }

  /** The current window, which begins with its first request. */
  const getWindow = (key: string, limit: Limit): Window => {
    const at = now()
    const current = windows.get(key)
    if (current !== undefined && current.endsAt > at) {
      return current
    }
    if (windows.size >= maxWindows) {
      sweep(at)
    }
    const next = { endsAt: at + limit.window, used: 0 }
    windows.set(key, next)
    return next
  }

  const toKey = ({ major, route }: Bucket) => `${route} ${major}`

  const headers: Limits["headers"] = (bucket) => {
    const { endsAt, used } = getWindow(toKey(bucket), bucket.limit)
    const left = endsAt - now()
    return {
      "x-ratelimit-limit": String(bucket.limit.count),
      "x-ratelimit-remaining": String(Math.max(0, bucket.limit.count - used)),
      "x-ratelimit-reset": seconds(date() + left),
      "x-ratelimit-reset-after": seconds(left),
      "x-ratelimit-bucket": (Hash.string(bucket.route) >>> 0).toString(16).padStart(8, "0").repeat(4)
    }
  }

  const refuse: Limits["refuse"] = (scope, retryAfter, bucket) => ({
    status: 429,
    headers: {
      ...(scope === "global" ? { "x-ratelimit-global": "true" } : headers(bucket)),
      "retry-after": String(Math.ceil(retryAfter / 1_000)),
      "x-ratelimit-scope": scope
    },
    body: {
      message: scope === "shared" ? "The resource is being rate limited." : "You are being rate limited.",
      retry_after: Number(seconds(retryAfter)),
      global: scope === "global"
    }
  })

  return {
    usage,
    take: (bucket) => {
      usage.requests++
      const at = now()
      const invalid = getWindow("invalid", invalidLimit)
      if (invalid.used >= invalidLimit.count) {
        const retryAfter = String(Math.ceil((invalid.endsAt - at) / 1_000))
        return { status: 429, headers: { "retry-after": retryAfter }, body: "error code: 1015" }
      }
      if (bucket.isGlobal) {
        const all = getWindow("global", globalLimit)
        if (all.used >= globalLimit.count) {
          usage.globalExceeded++
          return refuse("global", all.endsAt - at, bucket)
        }
        all.used++
      }
      const own = getWindow(toKey(bucket), bucket.limit)
      if (own.used >= bucket.limit.count) {
        usage.routeExceeded++
        return refuse("user", own.endsAt - at, bucket)
      }
      own.used++
      return undefined
    },
    headers,
    refuse,
    countInvalid: ({ headers: sent, status }) => {
      if (status === 401 || status === 403 || (status === 429 && sent["x-ratelimit-scope"] !== "shared")) {
        usage.invalid++
        getWindow("invalid", invalidLimit).used++
      }
    }
  }
}
