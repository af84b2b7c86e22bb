/** A limit on the nesting of JSON, because code that walks through a value needs a stack frame for each level. */
export const maxDepth = 200

/** The text in place of data that is nested too deeply. */
export const nestedTooDeeply = "<nested too deeply>"

/** Returns true for JSON with more levels than any value that the command reads. */
export const isNestedTooDeeply = (text: string): boolean => {
  let [depth, isText] = [0, false]
  // A regular expression would need the stack for a long text.
  for (let place = 0; place < text.length; place++) {
    const character = text[place] ?? ""
    place += character === "\\" ? 1 : 0
    isText = isText !== (character === "\"")
    depth += isText ? 0 : "[{".includes(character) ? 1 : "]}".includes(character) ? -1 : 0
    if (depth > maxDepth) {
      return true
    }
  }
  return false
}

/** Characters that JSON may contain as they are, and that change the state of a terminal or the direction of its text. */
const unsafe = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Writes a peer's data as a part of a line of JSON. */
export const writeData = (data: unknown, write: (data: unknown) => string): string => {
  try {
    return write(data).replace(unsafe, escape)
  } catch {
    // JSON.stringify fails on cycles and bigints, which JSON of a peer has not, and on too many levels.
    return write(nestedTooDeeply)
  }
}
