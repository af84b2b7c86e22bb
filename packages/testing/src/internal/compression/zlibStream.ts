/**
 * Compresses as Discord's zlib-stream does: one deflate context per connection, flushed after each message.
 *
 * Synchronous, because real time must not pass under a test clock: each message is deflated separately, with the
 * preceding 32 KB as dictionary, which is the window of a running context.
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
