/** UTF-8 bytes as text, by the quicker decoder that the platform has: a Node Buffer's own takes half of TextDecoder's. */
import * as Predicate from "effect/Predicate"
import * as Latin1 from "./latin1.js"

const decoder = new TextDecoder()

const buffer: unknown = Reflect.get(globalThis, "Buffer")
const isBuffer = Predicate.hasProperty(buffer, "isBuffer") && Predicate.isFunction(buffer.isBuffer)
  ? buffer.isBuffer
  : Function.prototype

/** A Node Buffer's `toString` reads UTF-8, where that of other arrays lists numbers. */
interface Readable {
  readonly toString: (encoding: undefined, start: number, end: number) => string
}

const read = (bytes: Readable, start: number, end: number): string => bytes.toString(undefined, start, end)

/** What is no UTF-8 becomes U+FFFD. */
export const decode = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  isBuffer(bytes) === true ? read(bytes, start, end) : decoder.decode(bytes.subarray(start, end))

const decodeLatin1 = Latin1.make(buffer)

/** The same for who only parses it as JSON: characters may be written as their escapes. */
export const decodeJson = (bytes: Uint8Array, start: number, end: number): string =>
  decodeLatin1?.(bytes, start, end) ?? decode(bytes, start, end)
