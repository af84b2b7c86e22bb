/** Selects the compression that a client requested in its URL. */
import * as ZlibStream from "./zlibStream.js"
import * as ZstdStream from "./zstdStream.js"

/** The compression context of one connection. */
export interface Compressor {
  readonly compress: (text: string) => Uint8Array
  /** A message may be split into several websocket messages. */
  readonly isSplittable: boolean
}

/** Returns the compressor of a connection; undefined if the client requested no compression. */
export const make = (compress: string | null): Compressor | undefined => {
  switch (compress) {
    case "zlib-stream":
      return ZlibStream.make()
    case "zstd-stream":
      return ZstdStream.make()
    default:
      return undefined
  }
}
