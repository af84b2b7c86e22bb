/** What is wrong with a value, in one line. */
import * as ParseResult from "effect/ParseResult"

const segment = (key: PropertyKey): string => typeof key === "number" ? `[${key}]` : `.${String(key)}`

/** Where the first problem is, such as `steps[0].code`, if it is not the whole; and what it is. */
export const pathOf = (error: ParseResult.ParseError): ReadonlyArray<string> => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  if (issue === undefined) {
    return ["it is not valid"]
  }
  const path = issue.path.map(segment).join("").replace(/^\./, "")
  return [...(path === "" ? [] : [path]), issue.message]
}
