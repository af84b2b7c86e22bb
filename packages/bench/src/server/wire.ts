/** Encodes gateway messages as websocket frames once and writes them many times, so that the server is never the limit. */
import * as Zlib from "node:zlib"

export type Mode = "json" | "zlib-stream" | "zstd-stream"

export const modes: ReadonlyArray<Mode> = ["json", "zlib-stream", "zstd-stream"]

// The installed types are those of Node 20, which does not have zstd.
const createZstdCompress: unknown = Reflect.get(Zlib, "createZstdCompress")

/** Node's compressor, or none in a version without zstd. */
const makeCompressor = (mode: Mode): { readonly stream: Zlib.Deflate; readonly flush: number } | undefined => {
  if (mode === "zlib-stream") {
    return { stream: Zlib.createDeflate(), flush: Zlib.constants.Z_SYNC_FLUSH }
  }
  if (typeof createZstdCompress !== "function") {
    return undefined
  }
  // Level 6 and a window of 2^18, by the values of Node's constants.
  return { stream: createZstdCompress({ params: { 100: 6, 101: 18 } }), flush: 1 }
}

export const isSupported = (mode: Mode): boolean => mode !== "zstd-stream" || typeof createZstdCompress === "function"

/** Encodes the texts of one connection. */
const payloads = async (mode: Mode, texts: ReadonlyArray<string>): Promise<ReadonlyArray<Buffer>> => {
  if (mode === "json") {
    return texts.map((text) => Buffer.from(text))
  }
  const compressor = makeCompressor(mode)
  if (compressor === undefined) {
    throw new Error(`this Node cannot compress ${mode}`)
  }
  const { flush, stream } = compressor
  const all: Array<Buffer> = []
  let parts: Array<Buffer> = []
  stream.on("data", (part: Buffer) => parts.push(part))
  for (const text of texts) {
    stream.write(text)
    await new Promise<void>((resolve) => stream.flush(flush, resolve))
    all.push(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts))
    parts = []
  }
  stream.close()
  return all
}

const frame = (payload: Buffer, opcode: number): Buffer => {
  const { length } = payload
  const header = length < 126
    ? Buffer.from([0x80 | opcode, length])
    : length < 65_536
    ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 0xff])
    : Buffer.from([
      0x80 | opcode,
      127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 0xff,
      (length >> 8) & 0xff,
      length & 0xff
    ])
  return Buffer.concat([header, payload])
}

/** The frames of one connection, from its first to its last. */
export const frames = async (mode: Mode, texts: ReadonlyArray<string>): Promise<ReadonlyArray<Buffer>> =>
  (await payloads(mode, texts)).map((payload) => frame(payload, mode === "json" ? 1 : 2))

/** Size in bytes of the blocks to which frames are joined. */
export const blocks = (all: ReadonlyArray<Buffer>, size = 256 * 1024): ReadonlyArray<Buffer> => {
  const joined: Array<Buffer> = []
  let part: Array<Buffer> = []
  let bytes = 0
  for (const one of all) {
    part.push(one)
    bytes += one.length
    if (bytes >= size) {
      joined.push(Buffer.concat(part))
      part = []
      bytes = 0
    }
  }
  return bytes > 0 ? [...joined, Buffer.concat(part)] : joined
}

/** Reads the masked frames of a client: calls `onText` for each text, `onClose` for a close frame. */
export const reader = (onText: (text: string) => void, onClose: () => void) => {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 6) {
      const opcode = (rest[0] ?? 0) & 0x0f
      const short = (rest[1] ?? 0) & 0x7f
      const [length, at] = short === 126 ? [rest.readUInt16BE(2), 4] : [short, 2]
      if (short === 127) {
        throw new Error("no client sends as much")
      }
      if (rest.length < at + 4 + length) {
        return
      }
      const mask = rest.subarray(at, at + 4)
      const body = Buffer.from(rest.subarray(at + 4, at + 4 + length))
      for (let i = 0; i < length; i++) {
        body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0)
      }
      rest = rest.subarray(at + 4 + length)
      if (opcode === 1 || opcode === 2) {
        onText(body.toString())
      } else if (opcode === 8) {
        onClose()
      }
    }
  }
}
