/** Reads the sequence number of a message from its bytes. */

const quote = 0x22
const colon = 0x3a
const letterS = 0x73
const zero = 0x30
const nine = 0x39

/** Returns 0 for a message without a sequence number. Searches for `"s":` before the body, as the server writes it. */
export const readSequence = (bytes: Uint8Array, length: number): number => {
  for (let i = 3; i < length; i++) {
    if (bytes[i] === colon && bytes[i - 1] === quote && bytes[i - 2] === letterS && bytes[i - 3] === quote) {
      let s = 0
      for (let at = i + 1; at < length; at++) {
        const byte = bytes[at] ?? 0
        if (byte < zero || byte > nine) {
          return s
        }
        s = s * 10 + byte - zero
      }
      return s
    }
  }
  return 0
}
