/** Finds, among all that a schema has to say about a payload, the one sentence that a user can act on. */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { unknownType } from "../objects/Wire.js"

/** A value that differs from the documentation. */
export interface Mismatch {
  readonly path: ReadonlyArray<string | number>
  readonly expected: string
  readonly actual: string
  /** The value discriminates between structures. */
  readonly isTag: boolean
}

type Path = Mismatch["path"]

const longest = 60

const shorten = (text: string): string => text.length > longest ? `${text.slice(0, longest)}…` : text

// Their values open doors: not even a part of one may reach a log.
const secrets = new Set<unknown>(["token", "session_id"])

/** Formats a value of any size in one line. */
export const describe = (value: unknown, path: Path = []): string => {
  if (secrets.has(path.at(-1)) && typeof value === "string") {
    return "a string"
  }
  if (typeof value === "string") {
    // Cut first: the value may have megabytes.
    return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value)
  }
  if (Array.isArray(value)) {
    return `an array of ${value.length}`
  }
  return typeof value === "object" && value !== null
    ? shorten(`an object with ${Object.keys(value).slice(0, 8).join(", ") || "no fields"}`)
    : shorten(String(value))
}

const named = (ast: AST.AST): Option.Option<string> =>
  Option.orElse(AST.getDescriptionAnnotation(ast), () => AST.getTitleAnnotation(ast))

const expectation = (ast: AST.AST): string =>
  shorten(Option.getOrElse(named(ast), () =>
    AST.isUnion(ast)
      ? ast.types.filter((type) => !AST.isUndefinedKeyword(type)).map(expectation).join(" or ")
      : String(ast)))

const isMany = (
  issues: ParseResult.SingleOrNonEmpty<ParseResult.ParseIssue>
): issues is Exclude<typeof issues, ParseResult.ParseIssue> => Array.isArray(issues)

const isKey = (key: PropertyKey): key is string | number => typeof key !== "symbol"

const toKeys = (path: ParseResult.Path): ReadonlyArray<PropertyKey> => typeof path === "object" ? path : [path]

const extend = (path: Path, by: ParseResult.Path): Path => [...path, ...toKeys(by).filter(isKey)]

/**
 * Selects the member of a union that the value most likely is: its mismatch is inside the value, if possible not in the
 * discriminator, and it has the fewest mismatches. Among equals it is the first declared.
 */
const meant = (depth: number, candidates: ReadonlyArray<ReadonlyArray<Mismatch>>): ReadonlyArray<Mismatch> => {
  const inside = candidates.filter((mismatches) => mismatches.some(({ path }) => path.length > depth))
  const tagged = inside.filter((mismatches) =>
    !mismatches.some(({ isTag, path }) => isTag && path.length === depth + 1)
  )
  return (tagged.length > 0 ? tagged : inside)
    .reduce((best, one) => best.length === 0 || one.length < best.length ? one : best, [])
}

const tellsApart = (ast: AST.AST): boolean =>
  AST.isLiteral(ast) ? ast.literal !== null : Option.contains(AST.getTitleAnnotation(ast), unknownType)

const leaf = (path: Path, ast: AST.AST, actual: string): ReadonlyArray<Mismatch> => [
  { path, expected: expectation(ast), actual, isTag: tellsApart(ast) }
]

const mismatches = (issue: ParseResult.ParseIssue, path: Path): ReadonlyArray<Mismatch> => {
  switch (issue._tag) {
    case "Pointer":
      return mismatches(issue.issue, extend(path, issue.path))
    case "Composite": {
      const parts = (isMany(issue.issues) ? issue.issues : [issue.issues]).map((part) => mismatches(part, path))
      if (!AST.isUnion(issue.ast)) {
        return parts.flat()
      }
      const inside = meant(path.length, parts)
      return inside.length > 0
        ? inside
        : leaf(path, issue.ast, describe(issue.actual, path))
    }
    case "Refinement":
      // A mismatch inside the value is more specific than the refinement.
      return issue.issue._tag === "Composite"
        ? mismatches(issue.issue, path)
        : leaf(path, issue.ast, describe(issue.actual, path))
    case "Transformation":
      return mismatches(issue.issue, path)
    case "Missing":
      return leaf(path, issue.ast.type, "nothing")
    case "Type":
      return leaf(path, issue.ast, describe(issue.actual, path))
    case "Unexpected":
    case "Forbidden":
      return leaf(path, AST.neverKeyword, describe(issue.actual, path))
  }
}

/** The first mismatch in the order of the schema's fields. */
export const first = (issue: ParseResult.ParseIssue): Omit<Mismatch, "isTag"> => {
  const [found] = mismatches(issue, [])
  return found === undefined
    ? { path: [], expected: "another value", actual: describe(issue.actual) }
    : { path: found.path, expected: found.expected, actual: found.actual }
}
