/** Transport compression from the gateway's side. */
import * as ZlibStream from "./zlibStream.js"
import * as ZstdStream from "./zstdStream.js"

/** The compression context of one connection. */
export interface Compressor {
  readonly compress: (text: string) => Uint8Array
  /** Whether a message may come in several frames. */
  readonly isSplittable: boolean
}

/** What the client asked for in its URL. */
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
