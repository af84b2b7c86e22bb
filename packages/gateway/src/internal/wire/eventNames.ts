/**
 * Interns event names. The number of names is limited, because a hostile gateway could send any number; the documented names
 * are always included.
 */
import * as EventType from "@vesper/model/EventType"

/** A name and its bytes, because comparing bytes takes a third of the time of reading the characters of a string. */
interface Name {
  readonly text: string
  readonly bytes: Uint8Array
}

export interface EventNames {
  /** Returns the name in `bytes` from `start` to `end`, given its hash computed with `step`. */
  readonly get: (bytes: Uint8Array, start: number, end: number, hash: number) => string
  /** The number of names kept. */
  readonly size: () => number
}

/** Adds a byte to the hash of a name. */
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

/** Makes a table of the documented names and at most `maxOthers` others. */
export const make = (maxOthers: number): EventNames => {
  const names = new Map<number, Name>()
  for (const text of EventType.all) {
    const bytes = encoder.encode(text)
    // The identical string, which maps and sets find without comparing characters.
    names.set(bytes.reduce(step, 0), { text, bytes })
  }
  const max = names.size + maxOthers
  return {
    get: (bytes, start, end, hash) => {
      const known = names.get(hash)
      if (known !== undefined && isName(known, bytes, start, end)) {
        return known.text
      }
      // A copy, because the bytes belong to the socket.
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
