/**
 * Decompresses a stream in the same tick with node:zlib only. Each decompressor keeps one context, and returns the output
 * of a flushed piece of input.
 */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as Predicate from "effect/Predicate"
import * as Zlib from "node:zlib"
import * as Zstd from "./zstd.js"

/** The decompression context of one connection. */
export interface Context {
  /** Inflates input that ends in a flush. The result is valid in this tick, until the next call. Throws on bad data. */
  readonly inflate: (input: Uint8Array) => Uint8Array
  readonly close: () => void
}

const refused = (limit: number, when: string) =>
  new GatewaySocket.FrameError({
    reason: "TooLarge",
    cause: new Error(`the message is larger than ${limit} bytes ${when} it is decompressed`)
  })

/** More output than allowed: a decompression bomb, or an event that needs a larger limit. */
export const tooLarge = (limit: number) => refused(limit, "when")

/** More input than allowed. */
export const tooLong = (limit: number) => refused(limit, "before")

/** The used part of the handle inside node:zlib's streams. It is undocumented, and checked before use. */
interface Handle {
  onerror: (message: string, errno: number, code: string) => void
  readonly writeSync: (
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number
  ) => void
  readonly close: () => void
}

const isHandle = (u: unknown): u is Handle =>
  Predicate.hasProperty(u, "writeSync") && Predicate.isFunction(u.writeSync) &&
  Predicate.hasProperty(u, "close") && Predicate.isFunction(u.close)

/** The handle of a new stream, and the array in which it reports the remaining output and input of a write. */
const openHandle = (stream: unknown): { readonly handle: Handle; readonly state: Uint32Array } | undefined => {
  const handle = Predicate.hasProperty(stream, "_handle") ? stream._handle : undefined
  const state = Predicate.hasProperty(stream, "_writeState") ? stream._writeState : undefined
  return isHandle(handle) && state instanceof Uint32Array ? { handle, state } : undefined
}

// Node's stream around the handle is never used; this is the smallest buffer that it takes for one.
const unusedStream = { chunkSize: 64 }

// Most messages fit; a larger one lets the buffer grow, and the next small one lets it shrink again.
const smallOutput = 64 * 1024
const largeOutput = 512 * 1024

// One for all contexts of the process, because its content is read before the socket's callback returns.
let output = Buffer.allocUnsafeSlow(smallOutput)

const grow = (used: number, maxMessageBytes: number) => {
  const larger = Buffer.allocUnsafeSlow(Math.min(output.length * 2, Math.max(output.length, maxMessageBytes)))
  output.copy(larger, 0, 0, used)
  output = larger
}

const overHandle = (stream: unknown, format: string, flush: number, maxMessageBytes: number): Context | undefined => {
  const opened = openHandle(stream)
  if (opened === undefined) {
    return undefined
  }
  const { handle, state } = opened
  let failure: Error | undefined
  // Without this handler the error would be thrown later, outside of any handler.
  handle.onerror = (message, _errno, code) => {
    failure = new Error(`corrupt ${format} data: ${message} (${code})`)
  }
  let isClosed = false
  return {
    inflate: (input) => {
      // Node ends the whole process when a closed handle is written to.
      if (isClosed) {
        throw new Error("the connection of this zlib context has ended")
      }
      if (output.length > largeOutput) {
        output = Buffer.allocUnsafeSlow(smallOutput)
      }
      let used = 0
      let taken = 0
      while (true) {
        const room = Math.min(output.length, maxMessageBytes)
        handle.writeSync(flush, input, taken, input.length - taken, output, used, room - used)
        if (failure !== undefined) {
          throw failure
        }
        const roomLeft = state[0] ?? 0
        const inputLeft = state[1] ?? 0
        const wasTaken = input.length - inputLeft
        used = room - roomLeft
        // Room left over means that everything is out.
        if (roomLeft > 0) {
          if (inputLeft === 0) {
            return output.subarray(0, used)
          }
          if (wasTaken === taken) {
            throw new Error(`corrupt ${format} data: the stream has ended before its input`)
          }
        } else if (room === maxMessageBytes) {
          throw tooLarge(maxMessageBytes)
        } else {
          grow(used, maxMessageBytes)
        }
        taken = wasTaken
      }
    },
    close: () => {
      if (!isClosed) {
        isClosed = true
        handle.close()
      }
    }
  }
}

/**
 * Writes to the handle inside node:zlib, the fastest way without an addon. Returns none if the handle has an unexpected
 * shape.
 */
export const makeHandle = (maxMessageBytes: number): Context | undefined =>
  overHandle(Zlib.createInflate(unusedStream), "zlib", Zlib.constants.Z_SYNC_FLUSH, maxMessageBytes)

// `Zlib.constants.ZSTD_d_windowLogMax`, which an older Node does not have.
const windowLogMaxParameter = 100

// The decoder returns its output at each write, so that no flush is needed.
const zstdContinue = 0

/** The same for zstd, which node:zlib has from Node 22.15 on. None on an older one. */
export const makeZstdHandle = (maxMessageBytes: number): Context | undefined => {
  const create = Predicate.hasProperty(Zlib, "createZstdDecompress") ? Zlib.createZstdDecompress : undefined
  if (!Predicate.isFunction(create)) {
    return undefined
  }
  const stream: unknown = create({ ...unusedStream, params: { [windowLogMaxParameter]: Zstd.maxWindowLog } })
  return overHandle(stream, "zstd", zstdContinue, maxMessageBytes)
}

const windowSize = 32_768
const headerSize = 2

/**
 * Inflates each piece with the preceding 32 KB as dictionary, which is the window of a running context. It uses documented
 * functions only, and takes about twice as long.
 */
export const makeDocumented = (maxMessageBytes: number): Context => {
  let window: Buffer = Buffer.alloc(0)
  let isFirst = true
  return {
    inflate: (input) => {
      let piece = input
      if (isFirst) {
        if (
          input.length < headerSize || ((input[0] ?? 0) & 0x0f) !== 8 ||
          (((input[0] ?? 0) << 8) | (input[1] ?? 0)) % 31 !== 0
        ) {
          throw new Error("corrupt zlib data: incorrect header check")
        }
        piece = input.subarray(headerSize)
        isFirst = false
      }
      try {
        const output = Zlib.inflateRawSync(piece, {
          finishFlush: Zlib.constants.Z_SYNC_FLUSH,
          maxOutputLength: maxMessageBytes,
          ...(window.length > 0 && { dictionary: window })
        })
        window = Buffer.concat([window, output]).subarray(-windowSize)
        return output
      } catch (cause) {
        throw Predicate.hasProperty(cause, "code") && cause.code === "ERR_BUFFER_TOO_LARGE"
          ? tooLarge(maxMessageBytes)
          : new Error(`corrupt zlib data: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    },
    close: () => {}
  }
}
