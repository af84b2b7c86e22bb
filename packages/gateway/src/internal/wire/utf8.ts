/** Decodes UTF-8 by the faster decoder of the platform: a Node Buffer takes half the time of TextDecoder. */
import * as Predicate from "effect/Predicate"
import * as Latin1 from "./latin1.js"

const decoder = new TextDecoder()

const buffer: unknown = Reflect.get(globalThis, "Buffer")
const isBuffer = Predicate.hasProperty(buffer, "isBuffer") && Predicate.isFunction(buffer.isBuffer)
  ? buffer.isBuffer
  : Function.prototype

/** A Node Buffer, the `toString` of which decodes UTF-8. */
interface Readable {
  readonly toString: (encoding: undefined, start: number, end: number) => string
}

const read = (bytes: Readable, start: number, end: number): string => bytes.toString(undefined, start, end)

/** Decodes UTF-8. Invalid bytes become U+FFFD. */
export const decode = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  isBuffer(bytes) === true ? read(bytes, start, end) : decoder.decode(bytes.subarray(start, end))

const decodeLatin1 = Latin1.make(buffer)

/** Decodes JSON in UTF-8. Characters may be replaced by their escapes. */
export const decodeJson = (bytes: Uint8Array, start: number, end: number): string =>
  decodeLatin1?.(bytes, start, end) ?? decode(bytes, start, end)

/** Returns whether the text begins with a byte order mark, which JSON does not allow and some writers add. */
export const startsWithByteOrderMark = (body: string | Uint8Array): boolean =>
  typeof body === "string"
    ? body.startsWith("\ufeff")
    : body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
