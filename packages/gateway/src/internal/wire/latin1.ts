/**
 * Decodes JSON in UTF-8 as a string with one byte for each character. Characters outside of ISO 8859-1 become `\u` escapes, so
 * JSON.parse returns the same value, in four fifths of the time (decision 0072). `latin1.wat` rewrites sixteen bytes at a time.
 */
import * as Predicate from "effect/Predicate"
import { base64 } from "./latin1Module.js"

/** Decodes bytes. Returns undefined if they are not UTF-8 or too long. */
export type Decode = (bytes: Uint8Array, start: number, end: number) => string | undefined

/** The size of the largest message that is rewritten. */
export const maxBytes = 256 * 1024

// A byte other than a backslash precedes the input. The output follows the largest input and sixteen more bytes.
const inputAt = 16
const outputAt = inputAt + maxBytes + 16

/** A Node Buffer over the module's memory, because only a Buffer decodes ISO 8859-1. */
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
  // The type is that of the source. A test compares the module with its source.
  return { memory: from(memory.buffer), rewrite: rewrite as Rewrite }
}

const makeDecoder = (platform: Platform): Decode => {
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
 * Makes a decoder if the platform has Node's Buffer, and WebAssembly with SIMD.
 *
 * @param buffer the global `Buffer` of the platform
 */
export const make = (buffer: unknown): Decode | undefined => {
  try {
    return Predicate.hasProperty(buffer, "from") && Predicate.isFunction(buffer.from)
      // The name identifies Node's Buffer.
      ? makeDecoder(buffer as unknown as Platform)
      : undefined
  } catch {
    // WebAssembly is disabled or forbidden, or lacks SIMD or memory.
    return undefined
  }
}
