/**
 * Checks of option values that types cannot express. A value may also be read from JavaScript, a file or the environment,
 * so its type is not trusted.
 */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** Returns the problem of a value, if it has one. */
export type Check = (value: unknown) => string | undefined

/** The checks of an object's fields. A field that is left out passes. */
export interface Fields {
  readonly [field: string]: Check | Fields
}

const show = (value: unknown): string => typeof value === "string" ? `"${value}"` : String(value)

const isNegative = (input: unknown): boolean => {
  if (typeof input === "number" || typeof input === "bigint") {
    return input < 0
  }
  return Array.isArray(input) ? input.some(isNegative) : typeof input === "string" && input.trim().startsWith("-")
}

const hasNaN = (input: unknown): boolean => Array.isArray(input) ? input.some(hasNaN) : Number.isNaN(input)

/** `Duration.decode` silently decodes NaN and negative numbers as zero. */
export const duration: Check = (value) =>
  hasNaN(value) || Option.isNone(Duration.decodeUnknown(value))
    ? `${show(value)} is no duration; write it as "10 seconds", or as a number of milliseconds`
    : isNegative(value)
    ? `${show(value)} is negative; a duration is at least 0`
    : undefined

export const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Check => (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most
    ? undefined
    : `${show(value)} is not a whole number ${
      most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `between ${least} and ${most}`
    }`

export const positive: Check = (value) =>
  typeof value === "number" && value > 0 ? undefined : `${show(value)} is not a number above 0`

export const text: Check = (value) => typeof value === "string" ? undefined : `${show(value)} is no text`

export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : `${show(value)} is neither true nor false`

export const oneOf = (...values: ReadonlyArray<string>): Check => (value) =>
  typeof value === "string" && values.includes(value)
    ? undefined
    : `${show(value)} is none of ${values.map(show).join(", ")}`

/** An error that names the option by the path to it. */
export const invalid = (path: ReadonlyArray<string>, message: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([...path], message))

/** Checks the fields of an object, nested ones included. Fails with the first problem. */
export const fields = (
  checks: Fields,
  value: unknown,
  path: ReadonlyArray<string> = []
): Either.Either<void, ConfigError.ConfigError> => {
  if (!Predicate.isRecord(value)) {
    return invalid(path, `${show(value)} is no object`)
  }
  for (const [field, check] of Object.entries(checks)) {
    const given = value[field]
    if (given === undefined) {
      continue
    }
    const here = [...path, field]
    const problem = typeof check === "function" ? check(given) : undefined
    const result = problem !== undefined
      ? invalid(here, problem)
      : typeof check === "function"
      ? Either.void
      : fields(check, given, here)
    if (Either.isLeft(result)) {
      return result
    }
  }
  return Either.void
}
