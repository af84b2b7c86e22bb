/** Discord's zstd-stream: each websocket message is one gateway message, in a zstd frame that never ends. */
import type * as Decompressor from "@vesper/gateway/Decompressor"
import * as Inflaters from "./inflate.js"
import * as Zstd from "./zstd.js"

export const make = (context: Inflaters.Context, maxMessageBytes: number): Decompressor.Inflater => {
  let bytesIn = 0
  let bytesOut = 0
  return {
    inflate: (frame) => {
      bytesIn += frame.length
      if (frame.length > maxMessageBytes) {
        throw Inflaters.tooLong(maxMessageBytes)
      }
      if (frame.length === 0) {
        return undefined
      }
      const output = context.inflate(frame)
      if (output.length === 0) {
        // Damaged sizes look like an incomplete block, for whose rest the stream would wait silently. This throws for them,
        // and not for an empty message.
        Zstd.readBlocks(frame, bytesIn === frame.length ? Zstd.readFrameHeader(frame).length : 0, false)
      }
      bytesOut += output.length
      return output
    },
    bytesIn: () => bytesIn,
    bytesOut: () => bytesOut
  }
}
