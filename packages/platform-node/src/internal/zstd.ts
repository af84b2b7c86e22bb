/** What of the zstd format matters before any decoder sees it. */

/**
 * The largest window that is accepted, 8 MiB: what RFC 8878 wants every decoder to have, and no more. A frame's header
 * says how much memory its decoder must keep, so that a hostile one could ask for gigabytes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2
 */
export const maxWindowLog = 23

const magic = [0x28, 0xb5, 0x2f, 0xfd]

/** How much memory the frame that begins here wants for its window; what is no frame is an error. */
export const checkFrameHeader = (bytes: Uint8Array): void => {
  const descriptor = bytes[4]
  if (descriptor === undefined || magic.some((byte, i) => bytes[i] !== byte)) {
    throw new Error("corrupt zstd data: it does not begin with a frame")
  }
  // A single segment has no window but its content, which a stream without an end cannot have.
  const isSingleSegment = (descriptor & 0x20) !== 0
  const windowLog = 10 + ((bytes[5] ?? 0) >> 3)
  const mantissa = (bytes[5] ?? 0) & 7
  if (isSingleSegment || windowLog > maxWindowLog || (windowLog === maxWindowLog && mantissa > 0)) {
    throw new Error(`corrupt zstd data: it wants a window of more than ${1 << maxWindowLog} bytes`)
  }
}
