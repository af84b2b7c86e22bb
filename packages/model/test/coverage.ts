/** Compares the documentation with the model. */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import * as CloseCode from "../src/CloseCode.js"
import type * as Control from "../src/Control.js"
import * as EventSchema from "../src/EventSchema.js"
import * as EventType from "../src/EventType.js"
import * as Flags from "../src/Flags.js"
import * as Intents from "../src/Intents.js"
import * as Opcode from "../src/Opcode.js"
import * as Permissions from "../src/Permissions.js"
import type { Documentation, DocumentedEvent, Fields } from "./documentation.js"

export interface Lack {
  readonly what: "event" | "field" | "intent" | "opcode" | "close code" | "flag"
  readonly name: string
  readonly problem: string
}

const modal = "the modal as a whole has it too, and discord-api-types knows it only there"

/** Fields for which a schema accepts more than the documentation, with the reason. */
const lenient = new Map([
  ["UserSelectInteractionResponse.resolved", modal],
  ["RoleSelectInteractionResponse.resolved", modal],
  ["MentionableSelectInteractionResponse.resolved", modal],
  ["ChannelSelectInteractionResponse.resolved", modal]
])

/** One field of an object over all variants of its schema. */
interface Field {
  readonly isOptional: boolean
  readonly isNullable: boolean
  readonly kinds: ReadonlySet<string>
}

/** Possible types of a value: names of JSON's types, `literal` for one value only, `any` for all. */
const listKinds = (ast: AST.AST): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Union":
      return ast.types.flatMap(listKinds)
    case "Refinement":
      return listKinds(ast.from)
    case "Suspend":
      return listKinds(ast.f())
    case "Literal":
      return ast.literal === null ? ["null"] : ["literal", typeof ast.literal]
    case "StringKeyword":
      return ["string"]
    case "NumberKeyword":
      return ["number"]
    case "BooleanKeyword":
      return ["boolean"]
    case "TupleType":
      return ["array"]
    case "TypeLiteral":
      return ["object"]
    case "UndefinedKeyword":
      return ["undefined"]
    default:
      return ["any"]
  }
}

/** The structures that a schema is made of at its top: one, or several variants. */
export const listVariants = (ast: AST.AST): ReadonlyArray<AST.TypeLiteral> => {
  switch (ast._tag) {
    case "TypeLiteral":
      return [ast]
    case "Union":
      return ast.types.flatMap(listVariants)
    case "Suspend":
      return listVariants(ast.f())
    case "Refinement":
      return listVariants(ast.from)
    default:
      return []
  }
}

// The variant of unknown types does not constrain a field.
const isUnknownType = (variant: AST.TypeLiteral): boolean =>
  variant.propertySignatures.length === 1 && variant.propertySignatures[0]?.type._tag === "Refinement" &&
  variant.propertySignatures[0].name === "type"

const findField = (variants: ReadonlyArray<AST.TypeLiteral>, name: string): Option.Option<Field> => {
  const found = variants.flatMap((variant) => variant.propertySignatures.filter((field) => field.name === name))
  const kinds = new Set(found.flatMap((field) => listKinds(field.type)))
  return found.length === 0 ? Option.none() : Option.some({
    isOptional: found.length < variants.length || found.some((field) => field.isOptional),
    isNullable: kinds.has("null") || kinds.has("any"),
    kinds
  })
}

const documentedKind = (type: string): string | undefined => {
  const text = type.replace(/^\?/, "")
  if (/^(array|list) of|^array$/i.test(text)) {
    return "array"
  }
  if (/^(snowflake|string|ISO8601|IS08601)/.test(text)) {
    return "string"
  }
  if (/^(integer|int|float|double)\b/.test(text)) {
    return "number"
  }
  return text === "boolean" || text === "null" ? text : /^[\w ]+ object$|^object$/.test(text) ? "object" : undefined
}

const fieldProblems = (
  owner: string,
  name: string,
  documented: { readonly isOptional: boolean; readonly type: string },
  field: Field
): ReadonlyArray<string> => {
  const kind = documentedKind(documented.type)
  const isTag = field.kinds.has("literal")
  return [
    ...(documented.isOptional && !field.isOptional && !isTag ? ["is required here, and may be absent"] : []),
    ...(!documented.isOptional && field.isOptional && !lenient.has(`${owner}.${name}`)
      ? ["is optional here, and is always there"]
      : []),
    ...(documented.type.startsWith("?") && !field.isNullable ? ["may be null"] : []),
    ...(kind !== undefined && !field.kinds.has(kind) && !field.kinds.has("any")
      ? [`is ${[...field.kinds].join(" or ")} here, and documented as ${documented.type}`]
      : [])
  ]
}

const compareFields = (
  owner: string,
  documented: Fields,
  variants: ReadonlyArray<AST.TypeLiteral>
): ReadonlyArray<Lack> => {
  const lack = (name: string) => (problem: string): Lack => ({ what: "field", name: `${owner}.${name}`, problem })
  const names = new Set(Object.keys(documented).map((key) => key.replace(/\?$/, "")))
  const extra = variants
    .flatMap((variant) => variant.propertySignatures.map((field) => String(field.name)))
    .filter((name) => !names.has(name))
  return [
    ...Object.entries(documented).flatMap(([key, type]) => {
      const name = key.replace(/\?$/, "")
      return Option.match(findField(variants, name), {
        onNone: () => [lack(name)("is missing")],
        onSome: (field) => fieldProblems(owner, name, { isOptional: key.endsWith("?"), type }, field).map(lack(name))
      })
    }),
    ...extra.map((name) => lack(name)("is not documented"))
  ]
}

/** All structures with a name that are part of a schema, at any depth. */
const namedStructures = (roots: ReadonlyArray<AST.AST>): ReadonlyMap<string, ReadonlyArray<AST.TypeLiteral>> => {
  const seen = new Set<AST.AST>()
  const named = new Map<string, ReadonlyArray<AST.TypeLiteral>>()
  const visit = (ast: AST.AST): void => {
    if (seen.has(ast)) {
      return
    }
    seen.add(ast)
    switch (ast._tag) {
      case "Union":
        return ast.types.forEach(visit)
      case "Refinement":
        return visit(ast.from)
      case "Suspend":
        return visit(ast.f())
      case "TupleType":
        return [...ast.elements, ...ast.rest].forEach((element) => visit(element.type))
      case "TypeLiteral": {
        const name = Option.getOrUndefined(AST.getIdentifierAnnotation(ast))
        if (name !== undefined) {
          named.set(name, [...named.get(name) ?? [], ast])
        }
        return [...ast.propertySignatures, ...ast.indexSignatures].forEach((field) => visit(field.type))
      }
    }
  }
  roots.forEach(visit)
  return named
}

const compact = (title: string): string => title.replace(/ /g, "")

/** A body of each control payload that has one, in the shape that a shard decodes. */
const controls: Readonly<Record<string, object>> = {
  HELLO: { heartbeat_interval: 41_250 } satisfies Control.Hello["d"],
  RECONNECT: {},
  INVALID_SESSION: {}
}

const documentedFields = (documentation: Documentation, event: DocumentedEvent): Fields => {
  const base = Object.entries(documentation.structures[event.base ?? ""] ?? {}).filter(([key]) => {
    const name = key.replace(/\?$/, "")
    return !(event.without?.includes(name) ?? false) && (event.only?.includes(name) ?? true)
  })
  // An event's own field takes the place of its base's, be it optional or not.
  const own = new Set(Object.keys(event.fields).map((key) => key.replace(/\?$/, "")))
  return { ...Object.fromEntries(base.filter(([key]) => !own.has(key.replace(/\?$/, "")))), ...event.fields }
}

const eventLacks = (documentation: Documentation): ReadonlyArray<Lack> =>
  Object.entries(documentation.events).flatMap(([name, event]): ReadonlyArray<Lack> => {
    const fields = documentedFields(documentation, event)
    const control = controls[name]
    if (control !== undefined) {
      return Object.keys(fields).filter((field) => !Object.hasOwn(control, field))
        .map((field) => ({ what: "field", name: `${name}.${field}`, problem: "is not decoded" }))
    }
    if (!EventType.isKnown(name)) {
      return [{ what: "event", name, problem: "has no schema" }]
    }
    const { ast } = EventSchema.of(name)
    const variants = listVariants(ast).filter((variant) => !isUnknownType(variant))
    const whole = event.or === undefined ? variants : variants.slice(0, 1)
    const instead = event.or === undefined ? [] : variants.slice(1)
    return [
      ...(Object.keys(fields).length === 0 ? [] : compareFields(name, fields, whole)),
      ...(event.or === undefined ? [] : compareFields(name, documentation.structures[event.or] ?? {}, instead))
    ]
  })

const structureLacks = (documentation: Documentation): ReadonlyArray<Lack> => {
  const byName = new Map(Object.entries(documentation.structures).map(([title, fields]) => [compact(title), fields]))
  return [...usedStructures()].flatMap(([name, variants]) => {
    const fields = byName.get(name)
    return fields === undefined
      ? [{ what: "field" as const, name, problem: "is the name of no documented structure" }]
      : compareFields(name, fields, variants)
  })
}

/** The structures that the schemas name. */
export const usedStructures = () => namedStructures(EventType.all.map((name) => EventSchema.of(name).ast))

const pascal = (name: string): string =>
  name.split("_").map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join("")

const intentLacks = (documentation: Documentation): ReadonlyArray<Lack> => {
  const gates = new Map<string, Array<string>>()
  const lacks: Array<Lack> = []
  for (const [name, { bit, events }] of Object.entries(documentation.intents)) {
    const known = Intents.allNames.find((candidate) => candidate === pascal(name))
    if (known === undefined || Intents.of(known) !== 2 ** bit) {
      lacks.push({ what: "intent", name, problem: `is bit ${bit}` })
    }
    for (const event of events) {
      gates.set(event, [...gates.get(event) ?? [], pascal(name)])
    }
  }
  for (const event of EventType.all) {
    const documented = (gates.get(event) ?? []).toSorted().join(", ")
    if ([...EventType.intents(event)].toSorted().join(", ") !== documented) {
      lacks.push({ what: "intent", name: event, problem: `is let through by ${documented || "every intent"}` })
    }
  }
  return lacks
}

const codeLacks = (documentation: Documentation): ReadonlyArray<Lack> => [
  ...Object.entries(documentation.opcodes)
    .filter(([code]) => !Opcode.isKnown(Number(code)))
    .map(([name, problem]): Lack => ({ what: "opcode", name, problem })),
  ...Object.entries(documentation.closeCodes)
    .filter(([code]) => Option.isNone(CloseCode.get(Number(code))))
    .map(([name, problem]): Lack => ({ what: "close code", name, problem }))
]

/** A set of bits that the model knows. */
interface Bits {
  readonly allNames: ReadonlyArray<string>
  readonly bitOf: (name: string) => bigint
}

const listBits = <Name extends string>(set: {
  readonly allNames: ReadonlyArray<Name>
  readonly of: (name: Name) => number | bigint
}): Bits => ({
  allNames: set.allNames,
  bitOf: (name) => BigInt(set.allNames.filter((known) => known === name).map((known) => set.of(known))[0] ?? 0)
})

const flagSets: Readonly<Record<string, Bits>> = {
  "Activity Flags": listBits(Flags.Activity),
  "Application Flags": listBits(Flags.Application),
  "Attachment Flags": listBits(Flags.Attachment),
  "Channel Flags": listBits(Flags.Channel),
  "Embed Flags": listBits(Flags.Embed),
  "Embed Media Flags": listBits(Flags.EmbedMedia),
  "Guild Invite Flags": listBits(Flags.GuildInvite),
  "Guild Member Flags": listBits(Flags.GuildMember),
  "Message Flags": listBits(Flags.Message),
  "Permissions": listBits(Permissions),
  "Role Flags": listBits(Flags.Role),
  "SKU Flags": listBits(Flags.Sku),
  "System Channel Flags": listBits(Flags.SystemChannel),
  "Unfurled Media Item Flags": listBits(Flags.UnfurledMediaItem),
  "User Flags": listBits(Flags.User)
}

const flagLacks = (documentation: Documentation): ReadonlyArray<Lack> =>
  Object.entries(documentation.flags).flatMap(([title, flags]) =>
    Object.entries(flags)
      .filter(([name, bit]) => flagSets[title]?.bitOf(pascal(name)) !== 1n << BigInt(bit))
      .map(([name, bit]): Lack => ({ what: "flag", name: `${title}: ${name}`, problem: `is bit ${bit}` }))
  )

/** Returns the documented facts that the model lacks. */
export const findLacks = (documentation: Documentation): ReadonlyArray<Lack> => [
  ...eventLacks(documentation),
  ...structureLacks(documentation),
  ...intentLacks(documentation),
  ...codeLacks(documentation),
  ...flagLacks(documentation)
]

/** The part of the documentation that the model follows: the structures of its schemas. */
export const relevant = (documentation: Documentation): Documentation => {
  const used = usedStructures()
  const bases = new Set(Object.values(documentation.events).flatMap((event) => [event.base, event.or]))
  return {
    ...documentation,
    structures: Object.fromEntries(
      Object.entries(documentation.structures).filter(([title]) => used.has(compact(title)) || bases.has(title))
    )
  }
}
