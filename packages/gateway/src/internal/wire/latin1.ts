/**
 * JSON as a string of one byte a character, from UTF-8 bytes: what is not in ISO 8859-1 becomes its `\u` escape, so
 * JSON.parse makes the same value of it, in less time (decision 0072).
 *
 * Decoding and parsing such a string takes V8 four fifths of the time. The rewriting pays only with sixteen bytes at a
 * time, which is why it is WebAssembly: `latin1.wat`.
 */
import * as Predicate from "effect/Predicate"
import { base64 } from "./latin1Module.js"

/** Gives nothing where the bytes are better decoded as UTF-8: they are none, or they are too many. */
export type Decode = (bytes: Uint8Array, start: number, end: number) => string | undefined

/** The largest message that is rewritten. What is larger is rare. */
export const maxBytes = 256 * 1024

// The input follows a byte that is no backslash, the output an input of the largest size and the sixteen bytes beyond it.
const inputAt = 16
const outputAt = inputAt + maxBytes + 16

/** A Node Buffer over the module's memory: no other view makes a string of ISO 8859-1. */
interface Memory {
  [index: number]: number
  readonly set: (bytes: Uint8Array, at: number) => void
  readonly toString: (encoding: "latin1", start: number, end: number) => string
}

interface Platform {
  readonly from: {
    (base64: string, encoding: "base64"): BufferSource
    (memory: unknown): Memory
  }
}

type Rewrite = (from: number, end: number, to: number) => number

const instantiate = ({ from }: Platform): { readonly memory: Memory; readonly rewrite: Rewrite } => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(from(base64, "base64")))
  const { memory, rewrite } = exports
  if (!(memory instanceof WebAssembly.Memory) || !Predicate.isFunction(rewrite)) {
    throw new Error("the module exports something else")
  }
  // The source says what it takes and gives, and a test that the module was made of it.
  return { memory: from(memory.buffer), rewrite: rewrite as Rewrite }
}

const over = (platform: Platform): Decode => {
  const { memory, rewrite } = instantiate(platform)
  return (bytes, start, end) => {
    if (bytes.length > maxBytes) {
      return undefined
    }
    memory.set(bytes, inputAt)
    memory[inputAt + end] = 0
    const length = rewrite(inputAt + start, inputAt + end, outputAt)
    return length === -1 ? undefined : memory.toString("latin1", outputAt, outputAt + length)
  }
}

/**
 * A decoder where the platform has Node's Buffer, and WebAssembly with SIMD.
 *
 * @param buffer the platform's Buffer, or something else where it has none
 */
export const make = (buffer: unknown): Decode | undefined => {
  try {
    return Predicate.hasProperty(buffer, "from") && Predicate.isFunction(buffer.from)
      // It is Node's own, by its name.
      ? over(buffer as unknown as Platform)
      : undefined
  } catch {
    // Switched off, forbidden by the page's policy, no SIMD, no memory.
    return undefined
  }
}
