/**
 * Compresses as Discord's zstd-stream does: one endless frame per connection, flushed after each message.
 *
 * Synchronous, as zlib-stream is. A Node with zstd compresses with the handle inside its stream. An older Node, or one
 * whose handle has an unexpected shape, writes uncompressed blocks, which are valid zstd.
 */
import * as Predicate from "effect/Predicate"
import * as Zlib from "node:zlib"
import type { Compressor } from "./compressor.js"

const windowLog = 18

// The values of Node's constants, which an older Node lacks.
const windowLogParameter = 101
const flush = 1

/** Compresses and flushes one piece of input. */
type Compress = (plain: Uint8Array) => Uint8Array

/** Returns undefined if Node has no zstd or its handle has an unexpected shape. */
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
    // A block grows by its header at most, and a flush adds one block at most.
    const output = Buffer.allocUnsafe(plain.length + 1024 + (plain.length >> 7))
    writeSync.call(handle, flush, plain, 0, plain.length, output, 0, output.length)
    const [roomLeft = 0] = state
    return output.subarray(0, output.length - roomLeft)
  }
}

// Magic number; a descriptor without checksum, content size and single segment; the window.
const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])
const maxBlock = 128 * 1024

/** Writes uncompressed blocks. */
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
