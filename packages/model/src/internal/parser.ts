/**
 * Parsers of the few payloads that every shard reads and sends. A parser copies the fields that it knows, and names the first
 * one that is wrong. `effect/Schema` does the same, and loads 200 modules more with each program.
 */
import * as Predicate from "effect/Predicate"

/** A value that is not as expected. */
export class Issue {
  /** The wrong field, such as `["activities", "0", "name"]`. */
  readonly path: ReadonlyArray<string>
  /** The rest of a sentence that begins with the path. */
  readonly problem: string

  constructor(path: ReadonlyArray<string>, problem: string) {
    this.path = path
    this.problem = problem
  }
}

/** Returns the value, or a copy of it. */
export type Parser<A> = (value: unknown) => A | Issue

const isIssue = (value: unknown): value is Issue => value instanceof Issue

const inside = (key: string | number, { path, problem }: Issue): Issue => new Issue([String(key), ...path], problem)

/** Accepts the values that a guard accepts. */
export const value = <A>(is: (value: unknown) => value is A, problem: string): Parser<A> => (value) =>
  is(value) ? value : new Issue([], value === undefined ? `is missing and ${problem}` : problem)

/** Also checks a value that was parsed. */
export const checked = <A>(parse: Parser<A>, check: (value: A) => Issue | undefined): Parser<A> => (value) => {
  const parsed = parse(value)
  return isIssue(parsed) ? parsed : check(parsed) ?? parsed
}

export const text = value(Predicate.isString, "must be a string")

export const nonEmptyText = value(
  (value): value is string => typeof value === "string" && value !== "",
  "must not be empty"
)

export const flag = value(Predicate.isBoolean, "must be true or false")

export const integer = value(
  (value): value is number => Number.isSafeInteger(value),
  "must be a whole number"
)

export const count = value(
  (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  "must be a whole number of 0 or more"
)

/** Accepts one of some values. */
export const literal = <A extends string | number>(...literals: ReadonlyArray<A>): Parser<A> =>
  value(
    (value): value is A => literals.some((literal) => literal === value),
    `must be ${literals.join(", ").replace(/, (?=[^,]*$)/, " or ")}`
  )

export const nullable = <A>(parse: Parser<A>): Parser<A | null> => (value) => value === null ? null : parse(value)

export const optional = <A>(parse: Parser<A>): Parser<A | undefined> => (value) =>
  value === undefined ? undefined : parse(value)

/** A field that a payload can do without: a value of another type counts as missing. */
export const lenient = <A>(parse: Parser<A>): Parser<A | undefined> => (value) => {
  const parsed = parse(value)
  return isIssue(parsed) ? undefined : parsed
}

export const array = <A>(parse: Parser<A>): Parser<ReadonlyArray<A>> => (value) => {
  if (!Array.isArray(value)) {
    return new Issue([], value === undefined ? "is missing and must be a list" : "must be a list")
  }
  const items: Array<A> = []
  for (const [index, item] of value.entries()) {
    const parsed = parse(item)
    if (isIssue(parsed)) {
      return inside(index, parsed)
    }
    items.push(parsed)
  }
  return items
}

/** Copies the fields that have a parser, without those that are undefined. */
export const struct = <A extends object>(
  parsers: { readonly [K in keyof A]-?: Parser<A[K]> }
): Parser<A> => {
  const fields = Object.entries<Parser<unknown>>(parsers)
  return (value) => {
    if (!Predicate.isRecord(value)) {
      return new Issue([], value === undefined ? "is missing" : "must be an object")
    }
    const copy: Record<string, unknown> = {}
    for (const [key, parse] of fields) {
      const parsed = parse(value[key])
      if (isIssue(parsed)) {
        return inside(key, parsed)
      }
      if (parsed !== undefined) {
        copy[key] = parsed
      }
    }
    // Each field of A was parsed by the parser of its type.
    return copy as A
  }
}
