/** Checks of the options of identify queues. */
import type * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import { Check } from "../config/index.js"

const budget: Check.Fields = {
  total: Check.integer(1),
  remaining: Check.integer(0),
  resetAfter: Check.duration,
  reserve: Check.integer(0)
}

const limits: Check.Fields = {
  maxConcurrency: Check.integer(1),
  interval: Check.duration,
  total: Check.integer(1),
  whenExhausted: Check.oneOf("wait", "fail"),
  reserve: Check.integer(0),
  budget
}

export const check = (options: unknown): Either.Either<void, ConfigError.ConfigError> => Check.fields(limits, options)

/** Checks the options of an in-memory queue, which needs the max concurrency. */
export const checkInMemory = (
  options: { readonly maxConcurrency: unknown }
): Either.Either<void, ConfigError.ConfigError> =>
  options.maxConcurrency === undefined
    ? Check.invalid(["maxConcurrency"], "it is missing; use session_start_limit.max_concurrency of GET /gateway/bot")
    : check(options)

export const checkUrl = (url: string): Either.Either<string, ConfigError.ConfigError> =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? Either.right(url)
    : Check.invalid(["url"], `"${url}" is not an HTTP URL; write it as http://host:port`)
