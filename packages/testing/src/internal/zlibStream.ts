/**
 * Discord's zlib-stream from the gateway's side: one deflate context for a connection, each message flushed.
 *
 * Synchronous, for the simulator must not let real time pass under a test clock: each message is deflated by itself
 * with the 32 KB before it as dictionary, which is exactly what a running context would have in its window.
 */
import * as Zlib from "node:zlib"
import type { Compressor } from "./compressor.js"

const windowSize = 32_768
// CMF and FLG of a zlib stream with a 32 KB window and the default level.
const header = Buffer.from([0x78, 0x9c])

export const make = (): Compressor => {
  let window: Buffer = Buffer.alloc(0)
  let isFirst = true
  return {
    isSplittable: true,
    compress: (text) => {
      const plain = Buffer.from(text)
      const block = Zlib.deflateRawSync(plain, {
        finishFlush: Zlib.constants.Z_SYNC_FLUSH,
        ...(window.length > 0 && { dictionary: window })
      })
      window = Buffer.concat([window, plain]).subarray(-windowSize)
      const message = isFirst ? Buffer.concat([header, block]) : block
      isFirst = false
      return message
    }
  }
}
