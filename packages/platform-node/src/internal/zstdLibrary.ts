/** zstd without node:zlib's help, by fzstd: plain JavaScript, for a Node older than 22.15. */
import * as Fzstd from "fzstd"
import * as Inflaters from "./inflaters.js"
import * as Zstd from "./zstd.js"

// fzstd waits for more than this before it looks at a frame at all.
const minFirstInput = 18

export const make = (maxMessageBytes: number): Inflaters.Context => {
  let pieces: Array<Uint8Array> = []
  let size = 0
  let isFirst = true
  const decoder = new Fzstd.Decompress((piece) => {
    size += piece.length
    if (size > maxMessageBytes) {
      throw Inflaters.tooLarge(maxMessageBytes)
    }
    pieces.push(piece)
  })
  let failure: unknown

  const push = (input: Uint8Array) => {
    if (isFirst) {
      Zstd.checkFrameHeader(input)
      if (input.length < minFirstInput) {
        throw new Error("corrupt zstd data: the first message is too short to be one")
      }
      isFirst = false
    }
    try {
      // It keeps views of what it could not use yet, and the socket may overwrite its bytes.
      decoder.push(new Uint8Array(input))
    } catch (cause) {
      throw cause instanceof Error && cause.message.startsWith("the message is larger")
        ? cause
        : new Error(`corrupt zstd data: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }

  return {
    inflate: (input) => {
      if (failure !== undefined) {
        throw failure
      }
      pieces = []
      size = 0
      try {
        push(input)
      } catch (cause) {
        failure = cause
        throw cause
      }
      const [first] = pieces
      return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
    },
    close: () => {
      pieces = []
    }
  }
}
