/** Decompression of the floors: one call of node:zlib's handle for each message, into one reused buffer. */
import * as Zlib from "node:zlib"
import type { Mode } from "../server/wire.js"

/** Reads a message from the first bytes of a buffer, which the next message overwrites. */
export type Read<A> = (bytes: Buffer, length: number) => A

interface Handle {
  onerror: (message: string) => void
  readonly writeSync: (
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number
  ) => void
}

/** The handle inside of a stream of node:zlib. A benchmark runs on one version of Node, so it needs no check. */
const overHandle = <A>(stream: object, flush: number, read: Read<A>): (data: Buffer) => A => {
  const { _handle: handle, _writeState: state } = stream as {
    readonly _handle: Handle
    readonly _writeState: Uint32Array
  }
  handle.onerror = (message) => {
    throw new Error(message)
  }
  let output = Buffer.allocUnsafeSlow(64 * 1024)
  return (data) => {
    let used = 0
    let taken = 0
    while (true) {
      handle.writeSync(flush, data, taken, data.length - taken, output, used, output.length - used)
      const room = state[0] ?? 0
      const left = state[1] ?? 0
      used = output.length - room
      taken = data.length - left
      if (room > 0) {
        return read(output, used)
      }
      const larger = Buffer.allocUnsafeSlow(output.length * 2)
      output.copy(larger, 0, 0, used)
      output = larger
    }
  }
}

/** Decodes the messages of one connection, in their order. */
export const make = <A>(mode: Mode, read: Read<A>): (data: Buffer) => A => {
  switch (mode) {
    case "json":
      return (data) => read(data, data.length)
    case "zlib-stream":
      return overHandle(Zlib.createInflate({ chunkSize: 64 }), Zlib.constants.Z_SYNC_FLUSH, read)
    case "zstd-stream":
      return overHandle(Reflect.get(Zlib, "createZstdDecompress")({ chunkSize: 64 }), 0, read)
  }
}
