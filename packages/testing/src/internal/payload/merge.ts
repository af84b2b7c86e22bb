/** Merges partial bodies into complete ones. */
import * as Predicate from "effect/Predicate"

export type Body = Readonly<Record<string, unknown>>

/** Merges objects deeply. Arrays are replaced, and `undefined` removes a field. */
export const merge = (whole: unknown, fields: unknown): unknown => {
  if (!Predicate.isRecord(fields)) {
    return fields
  }
  const merged: Record<string, unknown> = Predicate.isRecord(whole) ? { ...whole } : {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) {
      delete merged[name]
    } else {
      merged[name] = merge(merged[name], value)
    }
  }
  return merged
}

/** Returns an object at a key; an empty one if there is none. */
export const objectAt = (body: Body, key: string): Body => {
  const value = body[key]
  return Predicate.isRecord(value) ? value : {}
}

/** Returns true if a key is present with `undefined`, which removes the field. */
export const isRemoved = (fields: Body, key: string): boolean => key in fields && fields[key] === undefined

/** Returns a body without some fields, except for those that are requested. */
export const omitUnless = (body: Body, names: ReadonlyArray<string>, requested: Body): Body =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name) || name in requested))

/** Sets the guild at every depth, so that all parts of a body are in one guild; without an id it is removed. */
export const setGuild = (value: unknown, id: unknown): unknown =>
  Array.isArray(value)
    ? value.map((element) => setGuild(element, id))
    : Predicate.isRecord(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]) =>
        name !== "guild_id" ? [[name, setGuild(inner, id)]] : id === undefined ? [] : [[name, id]]
      )
    )
    : value
