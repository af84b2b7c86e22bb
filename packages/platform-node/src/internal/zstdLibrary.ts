/** Decompresses zstd without node:zlib, with fzstd: plain JavaScript on a Node older than 22.15. */
import * as Fzstd from "fzstd"
import * as Predicate from "effect/Predicate"
import * as Vm from "node:vm"
import * as Inflaters from "./inflate.js"
import * as Zstd from "./zstd.js"

// fzstd buffers so many bytes before it reads a frame; empty blocks pad shorter input.
const minFirstInput = 18
const emptyBlock = 3

/** In milliseconds. 64 MB of text take 300. */
const patience = 1_000

const nothing = () => {}
const context = { work: nothing }
const script = new Vm.Script("work()")

/**
 * Node stops a script that takes too long. Each such script needs a watchdog thread, which costs more than a small message,
 * so that short scripts run without one.
 */
const inTime = (work: () => void): void => {
  context.work = work
  try {
    script.runInContext(Vm.isContext(context) ? context : Vm.createContext(context), { timeout: patience })
  } catch (cause) {
    throw Predicate.hasProperty(cause, "code") && cause.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
      ? new Error(`it takes more than ${patience} ms`)
      : cause
  } finally {
    context.work = nothing
  }
}

/** fzstd copies a sequence byte by byte, and looks at the limit of a block after it. */
const maxSequenceBytes = 131_074

/** With each block fzstd moves the whole window, some sixteen times as fast. */
const estimateWork = ({ count, sequences }: { readonly count: number; readonly sequences: number }, window: number) =>
  sequences * maxSequenceBytes + count * window / 16

/** Input that takes about 50 ms at most. */
const littleWork = 32 * 1024 * 1024

interface Frame extends Zstd.FrameHeader {
  readonly decoder: Fzstd.Decompress
}

export const make = (maxMessageBytes: number): Inflaters.Context => {
  let pieces: Array<Uint8Array> = []
  let size = 0
  // None until one begins.
  let frame: Frame | undefined
  let failure: unknown

  const open = (header: Zstd.FrameHeader): Frame => ({
    ...header,
    decoder: new Fzstd.Decompress((piece) => {
      size += piece.length
      if (size > maxMessageBytes) {
        throw Inflaters.tooLarge(maxMessageBytes)
      }
      pieces.push(piece)
    })
  })

  const push = (input: Uint8Array) => {
    const isFirst = frame === undefined
    const { decoder, hasChecksum, length, window } = frame ??= open(Zstd.readFrameHeader(input))
    const blocks = Zstd.readBlocks(input, isFirst ? length : 0, hasChecksum)
    const missing = isFirst && !blocks.isEnd ? Math.max(0, minFirstInput - input.length) : 0
    // fzstd keeps views of unread input, and the socket may overwrite its bytes.
    const copy = new Uint8Array(input.length + Math.ceil(missing / emptyBlock) * emptyBlock)
    copy.set(input)
    const work = () => decoder.push(copy, blocks.isEnd)
    if (estimateWork(blocks, window) > littleWork) {
      inTime(work)
    } else {
      work()
    }
    if (blocks.isEnd) {
      frame = undefined
    }
  }

  return {
    inflate: (input) => {
      if (failure !== undefined) {
        throw failure
      }
      pieces = []
      size = 0
      try {
        push(input)
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        failure = /^(corrupt zstd data|the message is larger)/.test(reason)
          ? cause
          : new Error(`corrupt zstd data: ${reason}`, { cause })
        throw failure
      }
      const [first] = pieces
      return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
    },
    close: () => {
      pieces = []
    }
  }
}
