/** UTF-8 bytes as text, by the quicker decoder that the platform has: a Node Buffer's own takes half of TextDecoder's. */
import * as Predicate from "effect/Predicate"

const decoder = new TextDecoder()

const buffer: unknown = Reflect.get(globalThis, "Buffer")
const isBuffer = Predicate.hasProperty(buffer, "isBuffer") && Predicate.isFunction(buffer.isBuffer)
  ? buffer.isBuffer
  : Function.prototype

/** What is no UTF-8 becomes U+FFFD. */
export const decode = (bytes: Uint8Array): string =>
  // A Buffer's `toString` reads UTF-8, where that of other arrays lists numbers.
  isBuffer(bytes) === true ? bytes.toString() : decoder.decode(bytes)
