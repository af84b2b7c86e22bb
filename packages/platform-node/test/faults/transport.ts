/** Transport compression from the gateway's side, in stored or independent pieces that every decoder reads. */
import type * as Decompressor from "@vesper/gateway/Decompressor"
import * as Zlib from "node:zlib"

export type Mode = "none" | Decompressor.Compression

export const modes: ReadonlyArray<Mode> = ["none", "zlib-stream", "zstd-stream"]

/** Turns texts into the frames of one connection. */
export type Encode = (text: string | Uint8Array) => string | Uint8Array

const makeZlib = (): Encode => {
  let isFirst = true
  return (text) => {
    // Each piece ends in a flush and refers to nothing before it, so that the pieces are one stream.
    const piece = Zlib.deflateRawSync(text, { finishFlush: Zlib.constants.Z_SYNC_FLUSH })
    const bytes = isFirst ? Buffer.concat([Uint8Array.of(0x78, 0x9c), piece]) : piece
    isFirst = false
    return bytes
  }
}

// Magic number; a descriptor without checksum, content size and single segment; a window of 256 KiB.
const zstdHeader = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 8 << 3)
const maxBlock = 128 * 1024

const makeZstd = (): Encode => {
  let isFirst = true
  return (text) => {
    const bytes = Buffer.from(text)
    const parts: Array<Uint8Array> = isFirst ? [zstdHeader] : []
    isFirst = false
    for (let at = 0; at === 0 || at < bytes.length; at += maxBlock) {
      const piece = bytes.subarray(at, at + maxBlock)
      const header = piece.length << 3
      parts.push(Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16), piece)
    }
    return Buffer.concat(parts)
  }
}

export const make = (mode: Mode): Encode =>
  mode === "none" ? (text) => typeof text === "string" ? text : text : mode === "zlib-stream" ? makeZlib() : makeZstd()
