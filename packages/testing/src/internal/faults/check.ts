/** Finds the field of a fault that is out of its bounds. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Fault from "../../Fault.js"

/** Durations in milliseconds, by the names of the fields. */
const durations: ReadonlySet<string> = new Set(["by", "delay", "retryAfter"])

const toNumber = (name: string, value: unknown): number =>
  durations.has(name)
    ? Option.match(Duration.decodeUnknown(value), { onNone: () => Number.NaN, onSome: Duration.toMillis })
    : Number(value)

const isWithin = (name: string, value: unknown, { max, min }: Fault.FieldBounds): boolean => {
  const number = toNumber(name, value)
  const isWhole = durations.has(name) || Number.isInteger(number) || number === Number.POSITIVE_INFINITY
  return isWhole && number >= min && number <= max
}

const describe = (name: string, { max, min }: Fault.FieldBounds): string =>
  durations.has(name)
    ? `a duration of at most ${Duration.format(Duration.millis(max))}`
    : max === Number.POSITIVE_INFINITY
    ? `an integer from ${min}, or Infinity`
    : `an integer from ${min} to ${max}`

/** Returns the problem of a fault in words; undefined for a valid one. An absent field is valid. */
export const problem = (
  fault: { readonly _tag: string },
  bounds: { readonly [tag: string]: { readonly [field: string]: Fault.FieldBounds } }
): string | undefined => {
  const values = new Map<string, unknown>(Object.entries(fault))
  for (const [name, range] of Object.entries(bounds[fault._tag] ?? {})) {
    const value = values.get(name)
    if (value !== undefined && !isWithin(name, value, range)) {
      return `${name} is ${String(value)}; use ${describe(name, range)}`
    }
  }
  return undefined
}
