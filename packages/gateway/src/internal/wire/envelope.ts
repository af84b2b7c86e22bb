/**
 * Reads opcode, sequence and event name of a payload without parsing its body.
 *
 * Discord writes `{"t":…,"s":…,"op":…,"d":…}` in this order but does not promise it. A payload in another order is parsed as
 * a whole, which is slower.
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as EventNames from "./eventNames.js"
import * as PeerText from "./peerText.js"

/** The envelope of a message. Each connection reuses one, so that the hot path allocates only the names of new events. */
export interface Envelope {
  op: number
  /** The sequence number; -1 if there is none. */
  s: number
  t: string | undefined
  /** True if the name consists of A-Z, 0-9 and _, and has at most 64 characters. */
  isNamePlain: boolean
  /**
   * The index of the body if it extends to the last but one character; 0 if that is not known, and the payload must be
   * parsed as a whole.
   */
  bodyAt: number
}

export const make = (): Envelope => ({ op: -1, s: -1, t: undefined, isNamePlain: false, bodyAt: 0 })

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const closingBrace = 0x7d
const zero = 0x30
const nine = 0x39

// Integers of this length are exact; JSON.parse reads longer ones.
const maxDigits = 15
const maxNameLength = 64

/** The number of undocumented names that the process keeps. */
const maxOtherNames = 128

export const names = EventNames.make(maxOtherNames)

/** 1 for the bytes of A-Z, 0-9 and _. JSON may escape other characters. */
const isNameByte = Uint8Array.from({ length: 256 }, (_, byte) => /[A-Z0-9_]/.test(String.fromCharCode(byte)) ? 1 : 0)

// The literals of an envelope, compared without a loop, which would take four times as long. An event without a reader costs
// nothing else.

/** `{"t":` */
const isStart = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x7b && bytes[1] === quote && bytes[2] === 0x74 && bytes[3] === quote && bytes[4] === colon

/** `null` */
const isNull = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c

/** `,"s":` or `,"d":` */
const isKey = (bytes: Uint8Array, at: number, letter: number): boolean =>
  bytes[at] === comma && bytes[at + 1] === quote && bytes[at + 2] === letter && bytes[at + 3] === quote &&
  bytes[at + 4] === colon

/** `,"op":` */
const isOpcodeKey = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === comma && bytes[at + 1] === quote && bytes[at + 2] === 0x6f && bytes[at + 3] === 0x70 &&
  bytes[at + 4] === quote && bytes[at + 5] === colon

// The index after the part that was read last. A variable of the module avoids the allocation of pairs, and only one scan
// runs at a time because scanning is synchronous.
let position = 0

/** Reads an event name or null. Returns false for anything else. */
const scanName = (bytes: Uint8Array): string | undefined | false => {
  if (bytes[position] !== quote) {
    if (isNull(bytes, position)) {
      position += 4
      return undefined
    }
    return false
  }
  const start = position + 1
  const limit = Math.min(start + maxNameLength, bytes.length)
  let hash = 0
  for (let i = start; i < limit; i++) {
    const byte = bytes[i] ?? 0
    if (isNameByte[byte] === 1) {
      hash = EventNames.step(hash, byte)
    } else if (byte === quote) {
      position = i + 1
      return names.get(bytes, start, i, hash)
    } else {
      return false
    }
  }
  return false
}

/** Reads an integer in JSON notation. Returns -1 for anything else. */
const scanNumber = (bytes: Uint8Array): number => {
  const start = position
  const limit = Math.min(start + maxDigits + 1, bytes.length)
  let value = 0
  let at = start
  for (; at < limit; at++) {
    const byte = bytes[at] ?? 0
    if (byte < zero || byte > nine) {
      break
    }
    value = value * 10 + byte - zero
  }
  position = at
  const length = at - start
  return length === 0 || length > maxDigits || (length > 1 && bytes[start] === zero) ? -1 : value
}

/** Reads an envelope in Discord's order from UTF-8 bytes. Returns false for any other order or content. */
export const scanBytes = (envelope: Envelope, bytes: Uint8Array): boolean => {
  if (!isStart(bytes)) {
    return false
  }
  position = 5
  const name = scanName(bytes)
  if (name === false || !isKey(bytes, position, 0x73)) {
    return false
  }
  position += 5
  let sequence = -1
  if (isNull(bytes, position)) {
    position += 4
  } else {
    sequence = scanNumber(bytes)
    if (sequence === -1) {
      return false
    }
  }
  if (!isOpcodeKey(bytes, position)) {
    return false
  }
  position += 6
  const op = scanNumber(bytes)
  // The body or the end must follow; otherwise the number has a fraction.
  const hasBody = isKey(bytes, position, 0x64)
  const isLast = bytes[bytes.length - 1] === closingBrace
  if (op === -1 || !(hasBody || (isLast && position + 1 === bytes.length))) {
    return false
  }
  envelope.op = op
  envelope.s = sequence
  envelope.t = name
  envelope.isNamePlain = true
  envelope.bodyAt = hasBody && isLast ? position + 5 : 0
  return true
}

const pattern = /^\{"t":(?:null|"([A-Z0-9_]{0,63})"),"s":(?:null|(0|[1-9]\d{0,14})),"op":(0|[1-9]\d{0,14})(?:,"d":|\}$)/

/** Reads an envelope from text, which some platforms receive. */
export const scanText = (envelope: Envelope, text: string): boolean => {
  const match = pattern.exec(text)
  if (match === null) {
    return false
  }
  envelope.t = match[1]
  envelope.isNamePlain = true
  envelope.s = match[2] === undefined ? -1 : Number(match[2])
  envelope.op = Number(match[3])
  envelope.bodyAt = match[0].endsWith(":") && text.endsWith("}") ? match[0].length : 0
  return true
}

const isSequence = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** Reads an envelope of any order by parsing the whole payload. The error describes an invalid payload. */
export const parse = (envelope: Envelope, text: string): Either.Either<void, Error> =>
  Either.try({
    try: () => {
      const payload: unknown = JSON.parse(text)
      if (!Predicate.isRecord(payload) || !isSequence(payload["op"])) {
        throw new Error("the message is JSON but not a gateway payload: it has no opcode")
      }
      envelope.op = payload["op"]
      envelope.s = isSequence(payload["s"]) ? payload["s"] : -1
      envelope.t = typeof payload["t"] === "string" ? payload["t"] : undefined
      envelope.isNamePlain = false
      envelope.bodyAt = 0
    },
    catch: PeerText.toError
  })
