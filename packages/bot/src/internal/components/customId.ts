/** Custom ids: the name of a handler, then its parameters, separated by colons. */
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Writes and reads the custom ids of one handler. */
export interface CustomId<A> {
  readonly encode: (params: A) => string
  readonly decode: (customId: string) => Effect.Effect<A, ParseResult.ParseError>
}

const maxLength = 100

/** Makes the custom ids of a handler. Throws on a name with a colon. */
export const makeCustomId = <A>(
  name: string,
  schema: Schema.Schema<A, Readonly<Record<string, string>>>
): CustomId<A> => {
  if (!/^[^:]{1,60}$/.test(name)) {
    throw new Error(`"${name}" is not a name of a component: use 1 to 60 characters without a colon`)
  }
  const encode = Schema.encodeSync(schema)
  const decode = Schema.decode(schema)
  return {
    encode: (params) => {
      const encoded = encode(params)
      const customId = [name, ...Object.keys(encoded).sort().map((key) => encodeURIComponent(encoded[key] ?? ""))].join(
        ":"
      )
      if (customId.length > maxLength) {
        throw new Error(
          `The custom id of "${name}" has ${customId.length} characters, at most ${maxLength} are possible: ` +
            "store the values and pass their key"
        )
      }
      return customId
    },
    decode: (customId) => {
      const [, ...values] = customId.split(":")
      return Effect.suspend(() =>
        decode(Object.fromEntries(
          names(schema).map((key, index) => [
            key,
            decodeURIComponent(values[index] ?? "")
          ])
        ))
      )
    }
  }
}

/** The names of a struct's fields, in the order of custom ids. */
const names = (schema: Schema.Schema.All): ReadonlyArray<string> =>
  "fields" in schema && typeof schema.fields === "object" && schema.fields !== null
    ? Object.keys(schema.fields).sort()
    : []
