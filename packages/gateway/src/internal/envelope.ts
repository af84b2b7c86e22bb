/**
 * Reads opcode, sequence and event name of a payload without parsing its body.
 *
 * Discord writes `{"t":…,"s":…,"op":…,"d":…}` in this order, but does not promise it: what looks otherwise is parsed
 * as a whole, which is slower and always right.
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/** One for each connection, overwritten by each message: the hot path allocates nothing but the name of a new event. */
export interface Envelope {
  op: number
  /** -1 where there is none. */
  s: number
  t: string | undefined
}

export const make = (): Envelope => ({ op: -1, s: -1, t: undefined })

const quote = 0x22
const zero = 0x30
const nine = 0x39

// Whole numbers of this length are exact; longer ones are left to JSON.parse.
const maxDigits = 15
const maxNameLength = 64

/**
 * Names seen so far, by a hash of their bytes, so that a name is made a string once. Bounded, for a hostile gateway
 * could send new names for ever.
 */
const names = new Map<number, string>()
const maxNames = 512

const matches = (bytes: Uint8Array, at: number, literal: string): boolean => {
  for (let i = 0; i < literal.length; i++) {
    if (bytes[at + i] !== literal.charCodeAt(i)) {
      return false
    }
  }
  return true
}

const nameOf = (bytes: Uint8Array, start: number, end: number, hash: number): string => {
  const known = names.get(hash)
  if (known !== undefined && known.length === end - start && matches(bytes, start, known)) {
    return known
  }
  const name = String.fromCharCode(...bytes.subarray(start, end))
  if (names.size < maxNames) {
    names.set(hash, name)
  }
  return name
}

// Where the part that was just read ends. Kept beside the value so that no pair is allocated; only one scan runs at a
// time, for scanning is synchronous.
let position = 0

/** An event name or null; false if it is anything else. */
const scanName = (bytes: Uint8Array): string | undefined | false => {
  if (matches(bytes, position, "null")) {
    position += 4
    return undefined
  }
  if (bytes[position] !== quote) {
    return false
  }
  const start = position + 1
  let hash = 0
  for (let i = start; i < start + maxNameLength; i++) {
    const byte = bytes[i] ?? 0
    if (byte === quote) {
      position = i + 1
      return nameOf(bytes, start, i, hash)
    }
    // Only A-Z, 0-9 and _ stand for themselves without a doubt; a backslash would begin an escape.
    if (!((byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || (byte >= zero && byte <= nine))) {
      return false
    }
    hash = (hash * 31 + byte) | 0
  }
  return false
}

/** A whole number as JSON writes it; -1 if it is anything else. */
const scanNumber = (bytes: Uint8Array): number => {
  const start = position
  let value = 0
  for (; position - start <= maxDigits; position++) {
    const byte = bytes[position] ?? 0
    if (byte < zero || byte > nine) {
      break
    }
    value = value * 10 + byte - zero
  }
  const length = position - start
  return length === 0 || length > maxDigits || (length > 1 && bytes[start] === zero) ? -1 : value
}

/** Reads an envelope in Discord's own order from UTF-8 bytes. False if it is in any other order, or is no envelope. */
export const scanBytes = (envelope: Envelope, bytes: Uint8Array): boolean => {
  if (!matches(bytes, 0, "{\"t\":")) {
    return false
  }
  position = 5
  const name = scanName(bytes)
  if (name === false || !matches(bytes, position, ",\"s\":")) {
    return false
  }
  position += 5
  let sequence = -1
  if (matches(bytes, position, "null")) {
    position += 4
  } else {
    sequence = scanNumber(bytes)
    if (sequence === -1) {
      return false
    }
  }
  if (!matches(bytes, position, ",\"op\":")) {
    return false
  }
  position += 6
  const op = scanNumber(bytes)
  // What follows must be the body or the end, or the number went on as a fraction.
  if (op === -1 || !(matches(bytes, position, ",\"d\":") || matches(bytes, position, "}"))) {
    return false
  }
  envelope.op = op
  envelope.s = sequence
  envelope.t = name
  return true
}

const pattern = /^\{"t":(?:null|"([A-Z0-9_]{0,63})"),"s":(?:null|(0|[1-9]\d{0,14})),"op":(0|[1-9]\d{0,14})(?:,"d":|\})/

/** The same for a platform that hands out text. */
export const scanText = (envelope: Envelope, text: string): boolean => {
  const match = pattern.exec(text)
  if (match === null) {
    return false
  }
  envelope.t = match[1]
  envelope.s = match[2] === undefined ? -1 : Number(match[2])
  envelope.op = Number(match[3])
  return true
}

const isSequence = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** Reads an envelope of any order by parsing the whole payload; says what is wrong with it otherwise. */
export const parse = (envelope: Envelope, text: string): Either.Either<void, Error> =>
  Either.try({
    try: () => {
      const payload: unknown = JSON.parse(text)
      if (!Predicate.isRecord(payload) || !isSequence(payload["op"])) {
        throw new Error("the message is JSON, but no gateway payload: it has no opcode")
      }
      envelope.op = payload["op"]
      envelope.s = isSequence(payload["s"]) ? payload["s"] : -1
      envelope.t = typeof payload["t"] === "string" ? payload["t"] : undefined
    },
    catch: (cause) => cause instanceof Error ? cause : new Error(String(cause))
  })
