/**
 * Checks of request bodies. A check returns Discord's tree of errors, or undefined for a valid value.
 *
 * @see https://docs.discord.com/developers/reference#error-messages
 */
import * as Predicate from "effect/Predicate"

/** A tree of errors by field or index; `_errors` lists those of the value itself. */
export interface Errors {
  readonly [key: string]: Errors | ReadonlyArray<{ readonly code: string; readonly message: string }>
}

export type Check = (value: unknown) => Errors | undefined

/** Returns the tree of one error. */
export const problem = (code: string, message: string): Errors => ({ _errors: [{ code, message }] })

const required = problem("BASE_TYPE_REQUIRED", "This field is required")

/** Returns the tree of the errors at each key; undefined without any. */
const collect = (entries: ReadonlyArray<readonly [key: string | number, errors: Errors | undefined]>) => {
  const found = entries.flatMap(([key, errors]) => errors === undefined ? [] : [[key, errors] as const])
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

const checkLength = (length: number, { max, min }: Bounds): Errors | undefined => {
  if (max !== undefined && min !== undefined && (length < min || length > max)) {
    return problem("BASE_TYPE_BAD_LENGTH", `Must be between ${min} and ${max} in length.`)
  }
  if (max !== undefined && length > max) {
    return problem("BASE_TYPE_MAX_LENGTH", `Must be ${max} or fewer in length.`)
  }
  return min !== undefined && length < min
    ? problem("BASE_TYPE_MIN_LENGTH", `Must be ${min} or more in length.`)
    : undefined
}

export const string = (bounds: Bounds = {}): Check => (value) =>
  typeof value === "string" || typeof value === "number"
    ? checkLength(Array.from(String(value)).length, bounds)
    : problem("STRING_TYPE_CONVERT", "Could not interpret value as string.")

/** A string that matches a pattern. */
export const pattern = (regex: RegExp, error: Errors): Check => (value) =>
  typeof value === "string" && regex.test(value) ? undefined : error

export const snowflake: Check = (value) =>
  (typeof value === "string" && /^\d{1,20}$/.test(value)) || typeof value === "number"
    ? undefined
    : problem("NUMBER_TYPE_COERCE", `Value "${String(value)}" is not snowflake.`)

export const url: Check = (value) =>
  typeof value === "string" && /^(https?|attachment|discord):\/\/\S+$/.test(value)
    ? undefined
    : problem("URL_TYPE_INVALID_URL", "Not a well formed URL.")

export const number = ({ max = Infinity, min = -Infinity }: Bounds = {}): Check => (value) => {
  if (typeof value !== "number") {
    return problem("NUMBER_TYPE_COERCE", `Value "${String(value)}" is not float.`)
  }
  if (value < min) {
    return problem("NUMBER_TYPE_MIN", `Value should be greater than or equal to ${min}.`)
  }
  return value > max ? problem("NUMBER_TYPE_MAX", `Value should be less than or equal to ${max}.`) : undefined
}

export const integer = (bounds: Bounds = {}): Check => (value) =>
  Number.isSafeInteger(value)
    ? number(bounds)(value)
    : problem("NUMBER_TYPE_COERCE", `Value "${String(value)}" is not int.`)

export const boolean: Check = (value) =>
  typeof value === "boolean" ? undefined : problem("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

/** One of some values. */
export const choice = (...values: ReadonlyArray<string | number>): Check => (value) =>
  values.some((known) => known === value)
    ? undefined
    : problem("BASE_TYPE_CHOICES", `Value must be one of {${values.map((known) => JSON.stringify(known)).join(", ")}}.`)

export const list = (check: Check, bounds: Bounds = {}): Check => (value) =>
  Array.isArray(value)
    ? checkLength(value.length, bounds) ?? collect(value.map((entry, index) => [index, check(entry)]))
    : problem("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")

/** A field that must be present. */
export const need = (check: Check): Check => Object.assign((value: unknown) => check(value), { isRequired: true })

const isRequired = (check: Check): boolean => "isRequired" in check

/** An object with fields, which are optional or null unless `need` marks them. Other fields are ignored, as Discord does. */
export const object = (fields: Readonly<Record<string, Check>>): Check => (value) =>
  Predicate.isRecord(value)
    ? collect(
      Object.entries(fields).map(([name, check]) => [
        name,
        value[name] === undefined || value[name] === null
          ? isRequired(check) ? required : undefined
          : check(value[name])
      ])
    )
    : problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")

/** Runs the second check on a value that passes the first. */
export const and = (...checks: ReadonlyArray<Check>): Check => (value) => {
  for (const check of checks) {
    const errors = check(value)
    if (errors !== undefined) {
      return errors
    }
  }
  return undefined
}

/** A string or a list of records at a key; empty if the value has another type. */
export const textAt = (value: unknown, key: string): string => {
  const found = Predicate.isRecord(value) ? value[key] : undefined
  return typeof found === "string" ? found : ""
}

export const listAt = (value: unknown, key: string): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const found = Predicate.isRecord(value) ? value[key] : undefined
  return Array.isArray(found) ? found.filter(Predicate.isRecord) : []
}
