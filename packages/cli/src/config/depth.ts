/** A limit on the nesting of JSON, because code that walks through a value needs a stack frame for each level. */
const maxDepth = 200

/** Returns true for JSON with more levels than any value that the command reads. */
export const isNestedTooDeeply = (text: string): boolean => {
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{}\]]/g)) {
    depth += token === "[" || token === "{" ? 1 : token === "]" || token === "}" ? -1 : 0
    if (depth > maxDepth) {
      return true
    }
  }
  return false
}
