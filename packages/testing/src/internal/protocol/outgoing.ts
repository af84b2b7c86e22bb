/** Sends texts to a client: compressed, and damaged as faults request. */
import { Compressor } from "../compression/index.js"

/** The way to a client. */
export interface Sink {
  readonly send: (data: string | Uint8Array) => void
  /** Ends the connection in the middle of this message. */
  readonly cut: (data: string | Uint8Array) => void
}

export interface Outgoing {
  readonly send: (text: string) => void
  /** Damages the next message: truncates a text, overwrites compressed bytes. */
  readonly corruptNext: () => void
  /** Cuts the connection in the middle of the next message. */
  readonly cutNext: () => void
  /** Sends each message of zlib-stream as two websocket messages from now on. */
  readonly split: () => void
}

/** `onCut` runs before the connection is terminated. */
export const make = (sink: Sink, compress: string | null, onCut: () => void): Outgoing => {
  const compressor = Compressor.make(compress)
  let isCorruptNext = false
  let isCutNext = false
  let isSplit = false

  const sendWhole = (data: string | Uint8Array) => {
    if (isCutNext) {
      onCut()
      return sink.cut(data)
    }
    sink.send(data)
  }

  const sendCompressed = ({ compress, isSplittable }: Compressor.Compressor, text: string) => {
    const bytes = Buffer.from(compress(text))
    if (isCorruptNext) {
      isCorruptNext = false
      // All ones are neither a header nor a type of block in either format; zlib's flush marker at the end is kept.
      bytes.fill(0xff, 0, bytes.length - 4)
    }
    if (isSplit && isSplittable) {
      const middle = Math.floor(bytes.length / 2)
      sink.send(bytes.subarray(0, middle))
      return sink.send(bytes.subarray(middle))
    }
    sendWhole(bytes)
  }

  return {
    send: (text) => {
      if (compressor !== undefined) {
        return sendCompressed(compressor, text)
      }
      sendWhole(isCorruptNext ? text.slice(0, text.length - 5) : text)
      isCorruptNext = false
    },
    corruptNext: () => {
      isCorruptNext = true
    },
    cutNext: () => {
      isCutNext = true
    },
    split: () => {
      isSplit = true
    }
  }
}
