/** Bodies of events that are wrong, or strange, in one known place; derived from the events' schemas. */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

export type Path = ReadonlyArray<string | number>

export interface Mutation {
  readonly path: Path
  readonly what: string
  readonly body: unknown
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const accepts = (ast: AST.AST, value: unknown): boolean => ParseResult.is(Schema.make(ast))(value)

/** A copy in which the value at a path is another, or missing. */
const withAt = (value: unknown, [key, ...rest]: Path, change: Option.Option<unknown>): unknown => {
  if (key === undefined) {
    return Option.getOrUndefined(change)
  }
  const isLast = rest.length === 0
  if (Array.isArray(value)) {
    return value.map((element, i) => i === key ? withAt(element, rest, change) : element)
  }
  return isRecord(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]) =>
        name !== String(key)
          ? [[name, inner]]
          : isLast && Option.isNone(change)
          ? []
          : [[name, withAt(inner, rest, change)]]
      )
    )
    : value
}

/** A field that is there, with its schema. */
interface Place {
  readonly path: Path
  readonly field: AST.PropertySignature
}

/** The one member of a union that a value is of. */
const narrow = (ast: AST.AST, value: unknown): AST.AST => {
  if (ast._tag === "Suspend") {
    return narrow(ast.f(), value)
  }
  const member = ast._tag === "Union" ? ast.types.find((type) => accepts(type, value)) : undefined
  return member === undefined ? ast : narrow(member, value)
}

/** Every field of a body, at every depth. */
const placesOf = (schema: AST.AST, value: unknown, path: Path): ReadonlyArray<Place> => {
  const ast = narrow(schema, value)
  if (ast._tag === "TupleType" && Array.isArray(value)) {
    return value.flatMap((element, i) =>
      (ast.elements[i] ?? ast.rest[0]) === undefined
        ? []
        : placesOf((ast.elements[i] ?? ast.rest[0])?.type ?? AST.unknownKeyword, element, [...path, i])
    )
  }
  if (ast._tag !== "TypeLiteral" || !isRecord(value)) {
    return []
  }
  const fields = ast.propertySignatures.filter((field) => Object.hasOwn(value, field.name))
  const entries = ast.indexSignatures.flatMap((signature) =>
    Object.entries(value).flatMap(([key, inner]) => placesOf(signature.type, inner, [...path, key]))
  )
  return [
    ...fields.flatMap((field) => [
      { path: [...path, String(field.name)], field },
      ...placesOf(field.type, value[String(field.name)], [...path, String(field.name)])
    ]),
    ...entries
  ]
}

// One of them is of a type that a field does not take, unless it takes everything.
const wrongValues: ReadonlyArray<unknown> = ["wrong", 0.5, true, ["wrong"], { wrong: true }]

/** The body with one required field removed, or one field's type changed, in every way. */
export const wrong = (schema: AST.AST, body: unknown): ReadonlyArray<Mutation> =>
  placesOf(schema, body, []).flatMap(({ field, path }) => {
    const replacement = wrongValues.find((value) => !accepts(field.type, value))
    return [
      ...(field.isOptional ? [] : [{ path, what: "removed", body: withAt(body, path, Option.none()) }]),
      ...(replacement === undefined
        ? []
        : [{ path, what: "of another type", body: withAt(body, path, Option.some(replacement)) }])
    ]
  })

const description = (ast: AST.AST): string => Option.getOrElse(AST.getDescriptionAnnotation(ast), () => "")

const isOneOf = (ast: AST.AST, what: string): boolean =>
  description(ast) === what || (ast._tag === "Union" && ast.types.some((type) => isOneOf(type, what)))

/** The body with an unknown field in every object, or with unknown values in all enums and flags. */
export const strange = (schema: AST.AST, body: unknown): ReadonlyArray<Mutation> => {
  const places = placesOf(schema, body, [])
  const objects = [...new Set(places.map(({ path }) => JSON.stringify(path.slice(0, -1))))]
    .map((path): Path => JSON.parse(path))
  const change = (what: string, value: unknown) =>
    places.filter(({ field }) => isOneOf(field.type, what))
      .reduce((changed: unknown, { path }) => withAt(changed, path, Option.some(value)), body)
  return [
    ...objects.map((path) => ({
      path,
      what: "with an unknown field",
      body: path.length === 0 ? { ...Object(body), brand_new: { a: 1 } } : addAt(body, path)
    })),
    { path: [], what: "with unknown enum values", body: change("an enum value", 9999) },
    { path: [], what: "with unknown flags", body: change("flags", 2 ** 45 + 1) }
  ]
}

const addAt = (body: unknown, path: Path): unknown => {
  const inner = path.reduce(
    (value: unknown, key) => isRecord(value) || Array.isArray(value) ? Object(value)[key] : value,
    body
  )
  return withAt(body, path, Option.some({ ...Object(inner), brand_new: { a: 1 } }))
}
