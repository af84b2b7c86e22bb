/**
 * Two ways to inflate a zlib stream in the same tick, both on node:zlib alone. Each keeps one context, and gives what a
 * flushed piece of input became.
 */
import * as Predicate from "effect/Predicate"
import * as Zlib from "node:zlib"

/** One zlib context. */
export interface Context {
  /** Inflates input that ends in a sync flush. The result is valid until the next call. Throws on bad data. */
  readonly inflate: (input: Uint8Array) => Uint8Array
  readonly close: () => void
}

/** More output than allowed: most likely a decompression bomb. */
const tooLarge = (limit: number) => new Error(`the message is larger than ${limit} bytes when it is decompressed`)

/** What is used of the handle inside of node:zlib's streams. It is not documented, so it is checked before use. */
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

/** The handle of a new inflate stream, and where it reports how much room and input a write has left. */
const openHandle = (): { readonly handle: Handle; readonly state: Uint32Array } | undefined => {
  const stream: object = Zlib.createInflate()
  const handle = Predicate.hasProperty(stream, "_handle") ? stream._handle : undefined
  const state = Predicate.hasProperty(stream, "_writeState") ? stream._writeState : undefined
  return isHandle(handle) && state instanceof Uint32Array ? { handle, state } : undefined
}

// Most messages fit; a larger one lets the buffer grow, and the next small one lets it shrink again.
const smallOutput = 16 * 1024
const largeOutput = 256 * 1024

/**
 * Writes to the handle inside of node:zlib, the fastest way there is without an addon. None where the handle does not
 * look as expected.
 */
export const makeHandle = (maxMessageBytes: number): Context | undefined => {
  const opened = openHandle()
  if (opened === undefined) {
    return undefined
  }
  const { handle, state } = opened
  let failure: Error | undefined
  // Without a handler of ours the error would be thrown much later, where nobody can catch it.
  handle.onerror = (message, _errno, code) => {
    failure = new Error(`corrupt zlib data: ${message} (${code})`)
  }
  let output = Buffer.allocUnsafeSlow(smallOutput)
  let isClosed = false

  const grow = (used: number) => {
    if (output.length >= maxMessageBytes) {
      throw tooLarge(maxMessageBytes)
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(output.length * 2, maxMessageBytes))
    output.copy(larger, 0, 0, used)
    output = larger
  }

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
        handle.writeSync(
          Zlib.constants.Z_SYNC_FLUSH,
          input,
          taken,
          input.length - taken,
          output,
          used,
          output.length - used
        )
        if (failure !== undefined) {
          throw failure
        }
        const [roomLeft = 0, inputLeft = 0] = state
        used = output.length - roomLeft
        const wasTaken = input.length - inputLeft
        // Room left over means that everything is out.
        if (roomLeft > 0) {
          if (inputLeft > 0 && wasTaken === taken) {
            throw new Error("corrupt zlib data: the stream has ended before its input")
          }
          if (inputLeft === 0) {
            return output.subarray(0, used)
          }
        } else {
          grow(used)
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

const windowSize = 32_768
const headerSize = 2

/**
 * Inflates each piece with the 32 KB before it as dictionary, which is what a running context has in its window. All of
 * it is documented, and it takes about twice as long.
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
