/** Checks of the zstd format before any decoder reads it. */

/**
 * The largest window that is accepted, 8 MiB, which RFC 8878 requires of every decoder. A frame's header determines the
 * memory of its decoder, so that a hostile one could require gigabytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2
 */
export const maxWindowLog = 23

const magic = [0x28, 0xb5, 0x2f, 0xfd]

const corrupt = (why: string) => new Error(`corrupt zstd data: ${why}`)

export interface FrameHeader {
  readonly length: number
  /** The window's, in bytes. */
  readonly window: number
  readonly hasChecksum: boolean
}

/** The header of the frame that begins here, if it wants no more memory for its window than allowed. */
export const readFrameHeader = (bytes: Uint8Array): FrameHeader => {
  const descriptor = bytes[4]
  if (descriptor === undefined || magic.some((byte, i) => bytes[i] !== byte)) {
    throw corrupt("it does not begin with a frame")
  }
  // A single-segment frame declares its size, so a stream cannot use one.
  const isSingleSegment = (descriptor & 0x20) !== 0
  const windowLog = 10 + ((bytes[5] ?? 0) >> 3)
  const mantissa = (bytes[5] ?? 0) & 7
  if (isSingleSegment || windowLog > maxWindowLog || (windowLog === maxWindowLog && mantissa > 0)) {
    throw corrupt(`it wants a window of more than ${1 << maxWindowLog} bytes`)
  }
  return {
    // The dictionary's id has 0, 1, 2 or 4 bytes, the content's size 0, 2, 4 or 8.
    length: 6 + ((1 << (descriptor & 3)) >> 1) + (descriptor < 0x40 ? 0 : 1 << (descriptor >> 6)),
    window: (1 << windowLog) + (1 << windowLog) / 8 * mantissa,
    hasChecksum: (descriptor & 4) !== 0
  }
}

const maxBlockBytes = 128 * 1024

interface Blocks {
  readonly count: number
  /** Of all blocks: each copies up to 131,074 bytes, independent of its size in the block. */
  readonly sequences: number
  /** The frame ends with them. */
  readonly isEnd: boolean
}

/** A number of a block, least byte first. Beyond the message there are zeros. */
const read = (bytes: Uint8Array, at: number, length: number): number => {
  let number = 0
  for (let i = 0; i < length; i++) {
    number += (bytes[at + i] ?? 0) * 2 ** (8 * i)
  }
  return number
}

/**
 * Returns the size of the literals of a compressed block with their header, in bytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.3.1.1
 */
const literalsLength = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at] ?? 0
  const format = (first >> 2) & 3
  if ((first & 2) === 0) {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1
    const isRun = (first & 1) === 1
    return header + (isRun ? 1 : read(bytes, at, header) >> (header === 1 ? 3 : 4))
  }
  // Two sizes, before compression and after, of so many bits each.
  const bits = format < 2 ? 10 : format === 2 ? 14 : 18
  const header = (4 + 2 * bits) / 8
  return header + Math.floor(read(bytes, at, header) / 2 ** (4 + bits))
}

/** Returns the number of sequences that a compressed block declares. */
const readSequenceCount = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at] ?? 0
  return first < 128
    ? first
    : first < 255
    ? ((first - 128) << 8) + (bytes[at + 1] ?? 0)
    : read(bytes, at + 1, 2) + 0x7f00
}

/**
 * The blocks from here to the end of the message, which must be the end of one of them, or of the frame.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.2
 */
export const readBlocks = (bytes: Uint8Array, start: number, hasChecksum: boolean): Blocks => {
  let [at, count, sequences, isEnd] = [start, 0, 0, false]
  while (at < bytes.length && !isEnd) {
    const header = read(bytes, at, 3)
    const [kind, size] = [(header >> 1) & 3, header >> 3]
    if (kind === 3 || size > maxBlockBytes) {
      throw corrupt("there is no such block")
    }
    at += 3
    if (kind === 2) {
      sequences += readSequenceCount(bytes, at + literalsLength(bytes, at))
    }
    // A run is one byte, however long it becomes.
    at += kind === 1 ? 1 : size
    count++
    isEnd = (header & 1) === 1
  }
  const end = at + (isEnd && hasChecksum ? 4 : 0)
  if (end !== bytes.length) {
    throw corrupt(end > bytes.length ? "the message ends before its block does" : "it goes on after its end")
  }
  return { count, sequences, isEnd }
}
