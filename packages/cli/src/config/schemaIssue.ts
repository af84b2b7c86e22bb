/** The first problem of a value that does not match its Schema, in one line. */
import * as ParseResult from "effect/ParseResult"

const segment = (key: PropertyKey): string => typeof key === "number" ? `[${key}]` : `.${String(key)}`

/** Names the place of the problem, such as `steps[0].code`, unless it is the whole value. */
export const describeIssue = (error: ParseResult.ParseError): string => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  if (issue === undefined) {
    return "it is not valid"
  }
  const path = issue.path.map(segment).join("").replace(/^\./, "")
  return path === "" ? issue.message : `${path}: ${issue.message}`
}
