/** Discord's zlib-stream: websocket messages are collected until the data ends in a sync flush, then inflated together. */
import type * as Decompressor from "@vesper/gateway/Decompressor"
import * as Inflaters from "./inflate.js"

/** A sync flush ends in an empty stored block: 00 00 FF FF. */
const isFlushed = (bytes: Uint8Array, length: number): boolean =>
  length >= 4 && bytes[length - 4] === 0 && bytes[length - 3] === 0 && bytes[length - 2] === 0xff &&
  bytes[length - 1] === 0xff

const smallest = 4 * 1024

const empty = new Uint8Array(0)

export const make = (context: Inflaters.Context, maxMessageBytes: number): Decompressor.Inflater => {
  // One array that grows: a message in a million pieces takes no more memory than its bytes.
  let collected = empty
  let length = 0
  let bytesIn = 0
  let bytesOut = 0

  /** The socket may overwrite its bytes once this call returns, so that they are copied. */
  const collect = (frame: Uint8Array) => {
    const needed = length + frame.length
    // A message that never ends must not grow without bound.
    if (needed > maxMessageBytes) {
      throw Inflaters.tooLong(maxMessageBytes)
    }
    if (needed > collected.length) {
      const larger = new Uint8Array(Math.max(smallest, needed, Math.min(collected.length * 2, maxMessageBytes)))
      larger.set(collected.subarray(0, length))
      collected = larger
    }
    collected.set(frame, length)
    length = needed
  }

  return {
    inflate: (frame) => {
      bytesIn += frame.length
      let input = frame
      if (length > 0 || !isFlushed(frame, frame.length)) {
        // The flush may lie across two frames.
        collect(frame)
        if (!isFlushed(collected, length)) {
          return undefined
        }
        input = collected.subarray(0, length)
        collected = empty
        length = 0
      }
      const output = context.inflate(input)
      bytesOut += output.length
      return output
    },
    bytesIn: () => bytesIn,
    bytesOut: () => bytesOut
  }
}
