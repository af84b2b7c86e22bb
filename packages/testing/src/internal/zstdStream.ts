/**
 * Discord's zstd-stream from the gateway's side: one frame for a connection that never ends, each message flushed.
 *
 * Synchronous, as zlib-stream is. A Node that knows zstd compresses with the handle inside of its stream; an older one,
 * or one whose handle is not as expected, writes blocks that are not compressed: valid zstd that any decoder reads,
 * but larger.
 */
import * as Predicate from "effect/Predicate"
import * as Zlib from "node:zlib"
import type { Compressor } from "./compressor.js"

const windowLog = 18

// By the numbers that Node's constants have, for an older Node does not have them.
const windowLogParameter = 101
const flush = 1

/** What a flushed piece of input became. */
type Compress = (plain: Uint8Array) => Uint8Array

/** None where Node has no zstd, or hides it otherwise than expected. */
const makeNative = (): Compress | undefined => {
  const create = Predicate.hasProperty(Zlib, "createZstdCompress") ? Zlib.createZstdCompress : undefined
  const stream: unknown = Predicate.isFunction(create)
    ? create({ chunkSize: 64, params: { [windowLogParameter]: windowLog } })
    : undefined
  const handle = Predicate.hasProperty(stream, "_handle") ? stream._handle : undefined
  const state = Predicate.hasProperty(stream, "_writeState") ? stream._writeState : undefined
  if (!Predicate.hasProperty(handle, "writeSync") || !(state instanceof Uint32Array)) {
    return undefined
  }
  const { writeSync } = handle
  if (!Predicate.isFunction(writeSync)) {
    return undefined
  }
  return (plain) => {
    // No block grows by more than its header, and a flush ends at most one more.
    const output = Buffer.allocUnsafe(plain.length + 1024 + (plain.length >> 7))
    writeSync.call(handle, flush, plain, 0, plain.length, output, 0, output.length)
    const [roomLeft = 0] = state
    return output.subarray(0, output.length - roomLeft)
  }
}

// Magic number; a descriptor without checksum, content size and single segment; the window.
const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])
const maxBlock = 128 * 1024

/** Blocks as they are. */
const makeStored = (): Compress => {
  let isFirst = true
  return (plain) => {
    const parts: Array<Uint8Array> = isFirst ? [header] : []
    for (let at = 0; at < plain.length;) {
      const piece = plain.subarray(at, at + maxBlock)
      // Not the last block, type raw, and its size.
      const blockHeader = piece.length << 3
      parts.push(Uint8Array.of(blockHeader & 0xff, (blockHeader >> 8) & 0xff, blockHeader >> 16), piece)
      at += piece.length
    }
    isFirst = false
    return Buffer.concat(parts)
  }
}

export const make = (way: "best" | "stored" = "best"): Compressor => {
  const compress = (way === "best" ? makeNative() : undefined) ?? makeStored()
  return {
    // Each websocket message is exactly one gateway message.
    isSplittable: false,
    compress: (text) => compress(Buffer.from(text))
  }
}
