/** How deep the brackets of a JSON text are nested, found without parsing it. */

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Ends at the first bracket that is too deep. Brackets in strings do not count. */
export const isDeeperThan = (text: string, max: number): boolean => {
  let depth = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (isInString) {
      if (unit === backslash) {
        i++
      } else if (unit === quote) {
        isInString = false
      }
    } else if (unit === quote) {
      isInString = true
    } else if (unit === openBracket || unit === openBrace) {
      if (++depth > max) {
        return true
      }
    } else if (unit === closeBracket || unit === closeBrace) {
      depth--
    }
  }
  return false
}
