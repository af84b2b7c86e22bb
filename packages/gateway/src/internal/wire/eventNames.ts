/**
 * Event names as strings that are made once. Bounded, because a hostile gateway could send new names for ever; the
 * documented names are there from the start, so that no other name can keep them out.
 */
import * as EventType from "@vesper/model/EventType"

/** A name and its bytes: comparing bytes with bytes is a third of the work of reading a string's characters. */
interface Name {
  readonly text: string
  readonly bytes: Uint8Array
}

export interface EventNames {
  /** The name that `bytes` have from `start` to `end`, and whose `hash` was computed with `hashOf`'s step. */
  readonly get: (bytes: Uint8Array, start: number, end: number, hash: number) => string
  /** How many names are kept. */
  readonly size: () => number
}

/** One step of the hash. */
export const step = (hash: number, byte: number): number => (hash * 31 + byte) | 0

const isName = (name: Name, bytes: Uint8Array, start: number, end: number): boolean => {
  const known = name.bytes
  if (known.length !== end - start) {
    return false
  }
  for (let i = 0; i < known.length; i++) {
    if (known[i] !== bytes[start + i]) {
      return false
    }
  }
  return true
}

const encoder = new TextEncoder()

/** Keeps the documented names and at most `maxOthers` others. */
export const make = (maxOthers: number): EventNames => {
  const names = new Map<number, Name>()
  for (const text of EventType.all) {
    const bytes = encoder.encode(text)
    // The very string of the documentation: maps and sets find it without comparing letters.
    names.set(bytes.reduce(step, 0), { text, bytes })
  }
  const max = names.size + maxOthers
  return {
    get: (bytes, start, end, hash) => {
      const known = names.get(hash)
      if (known !== undefined && isName(known, bytes, start, end)) {
        return known.text
      }
      // A copy: the bytes belong to the socket.
      const copy = Uint8Array.from(bytes.subarray(start, end))
      const text = String.fromCharCode(...copy)
      if (known === undefined && names.size < max) {
        names.set(hash, { text, bytes: copy })
      }
      return text
    },
    size: () => names.size
  }
}
