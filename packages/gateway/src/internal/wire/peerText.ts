/** Makes text of a peer safe for logs, errors and stores. */
import * as Predicate from "effect/Predicate"

/** In UTF-16 units. Longer text is cut. */
export const maxLength = 200

// Control characters, line separators, and marks that change the direction of the following text.
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu

/** Removes control characters and cuts the text. A line break or tab becomes a space. */
export const clean = (text: string, limit: number = maxLength): string => {
  // Cut first, because the text may have megabytes.
  const printable = text.slice(0, limit * 4).replaceAll(/\s+/g, " ").replaceAll(unprintable, "")
  const isCut = printable.length > limit || text.length > limit * 4
  // Drops half of a surrogate pair at the end.
  return isCut ? `${printable.slice(0, limit).replace(/[\ud800-\udbff]$/, "")}…` : printable
}

/** Returns whether the text can be used unchanged, as an id or a URL must be. */
export const isPlain = (text: string, limit: number): boolean => text.length <= limit && text.search(unprintable) === -1

const maxDepth = 4
const maxParts = 4

const join = (parts: ReadonlyArray<string>): string =>
  Array.from(new Set(parts.filter((part) => part !== ""))).slice(0, maxParts).join("; ")

const errorCode = (error: Error): string =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" ? error.code : ""

const describeCause = (cause: unknown, depth: number): string => {
  if (depth > maxDepth) {
    return ""
  }
  if (!(cause instanceof Error)) {
    return typeof cause === "object" && cause !== null ? JSON.stringify(cause) : String(cause)
  }
  // Node tries all addresses of a host and rejects with an AggregateError without a message.
  const inner = cause instanceof AggregateError
    ? join(cause.errors.slice(0, maxParts).map((error) => describeCause(error, depth + 1)))
    : cause.cause === undefined
    ? ""
    : describeCause(cause.cause, depth + 1)
  const { message } = cause
  if (message.trim() === "") {
    return inner || errorCode(cause) || cause.name
  }
  return inner === "" || message.includes(inner) ? message : `${message}: ${inner}`
}

/** Describes an error and its causes in one line. Never throws and is never empty. */
export const describe = (cause: unknown, limit: number = maxLength): string => {
  try {
    return clean(describeCause(cause, 0), limit) || "an unknown error"
  } catch {
    // A computed message can throw, for example for a value that is nested too deep.
    return "an error that cannot be described"
  }
}

/** Makes an error with a safe message from one that quotes the peer. */
export const toError = (cause: unknown): Error => new Error(describe(cause))
