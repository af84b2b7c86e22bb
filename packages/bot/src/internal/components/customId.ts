/** Custom ids: the name of a handler, then its parameters, separated by colons. */
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Params, ParamValues } from "../../Component.js"

/** Writes and reads the custom ids of one handler. */
export interface CustomId<A> {
  /** Throws if the custom id is too long. */
  readonly encode: (params: A | undefined) => string
  readonly decode: (customId: string) => Effect.Effect<A, ParseResult.ParseError>
}

const maxLength = 100

/** Makes the custom ids of a handler. Throws on a name with a colon. */
export const makeCustomId = <P extends Params>(name: string, params: P | undefined): CustomId<ParamValues<P>> => {
  if (!/^[^:]{1,60}$/.test(name)) {
    throw new Error(`"${name}" is not a name of a component: use 1 to 60 characters without a colon`)
  }
  const names = Object.keys(params ?? {}).sort()
  // A struct of schemas that are encoded as texts.
  const schema = Schema.Struct(params ?? {}) as unknown as Schema.Schema<ParamValues<P>, Record<string, string>>
  const encode = Schema.encodeSync(schema)
  const decode = Schema.decode(schema)
  return {
    encode: (values) => {
      // Without parameters, an empty object has all of them.
      const encoded = encode(values ?? ({} as ParamValues<P>))
      const customId = [name, ...names.map((key) => encodeURIComponent(encoded[key] ?? ""))].join(":")
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
        decode(Object.fromEntries(names.map((key, index) => [key, decodeURIComponent(values[index] ?? "")])))
      )
    }
  }
}
