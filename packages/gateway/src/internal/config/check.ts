/** Checks of option values. A value may be read from JavaScript, a file or the environment, so its type is not trusted. */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** Returns the problem of a value, if any. */
export type Check = (value: unknown) => string | undefined

/** The checks of the fields of an object. An omitted field passes. */
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
    ? `${show(value)} is not a duration; write it as "10 seconds", or as a number of milliseconds`
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

export const text: Check = (value) => typeof value === "string" ? undefined : `${show(value)} is not text`

export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : `${show(value)} is neither true nor false`

export const oneOf = (...values: ReadonlyArray<string>): Check => (value) =>
  typeof value === "string" && values.includes(value)
    ? undefined
    : `${show(value)} is none of ${values.map(show).join(", ")}`

/** Makes an error that names the option by its path. */
export const invalid = (path: ReadonlyArray<string>, message: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([...path], message))

/** Checks the fields of an object recursively. Fails with the first problem. */
export const fields = (
  checks: Fields,
  value: unknown,
  path: ReadonlyArray<string> = []
): Either.Either<void, ConfigError.ConfigError> => {
  if (!Predicate.isRecord(value)) {
    return invalid(path, `${show(value)} is not an object`)
  }
  for (const [field, check] of Object.entries(checks)) {
    const fieldValue = value[field]
    if (fieldValue === undefined) {
      continue
    }
    const fieldPath = [...path, field]
    const problem = typeof check === "function" ? check(fieldValue) : undefined
    const result = typeof check === "object"
      ? fields(check, fieldValue, fieldPath)
      : problem === undefined
      ? Either.void
      : invalid(fieldPath, problem)
    if (Either.isLeft(result)) {
      return result
    }
  }
  return Either.void
}
