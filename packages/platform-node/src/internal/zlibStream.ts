/** Discord's zlib-stream: websocket messages are collected until one ends in a sync flush, then inflated together. */
import type * as Decompressor from "@vesper/gateway/Decompressor"
import type * as Inflaters from "./inflaters.js"

/** A sync flush ends in an empty stored block: 00 00 FF FF. */
const isFlushed = (frame: Uint8Array): boolean => {
  const { length } = frame
  return length >= 4 && frame[length - 4] === 0 && frame[length - 3] === 0 && frame[length - 2] === 0xff &&
    frame[length - 1] === 0xff
}

export const make = (context: Inflaters.Context, maxMessageBytes: number): Decompressor.Inflater => {
  let collected: Array<Uint8Array> = []
  let collectedBytes = 0
  let bytesIn = 0
  let bytesOut = 0

  const collect = (frame: Uint8Array) => {
    collectedBytes += frame.length
    // A message that never ends must not grow for ever either.
    if (collectedBytes > maxMessageBytes) {
      throw new Error(`the message is larger than ${maxMessageBytes} bytes before it is decompressed`)
    }
    // The socket may overwrite its bytes once this call returns. (A Buffer's own slice would be no copy.)
    collected.push(new Uint8Array(frame))
  }

  return {
    inflate: (frame) => {
      bytesIn += frame.length
      if (!isFlushed(frame)) {
        collect(frame)
        return undefined
      }
      let input = frame
      if (collected.length > 0) {
        input = Buffer.concat([...collected, frame])
        collected = []
        collectedBytes = 0
      }
      const output = context.inflate(input)
      bytesOut += output.length
      return output
    },
    bytesIn: () => bytesIn,
    bytesOut: () => bytesOut
  }
}
