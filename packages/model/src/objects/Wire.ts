/**
 * The values that Discord's objects are made of.
 *
 * @see https://docs.discord.com/developers/reference
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An id, as the plain string that the rest of the ecosystem takes it for.
 *
 * @see https://docs.discord.com/developers/reference#snowflakes
 * @since 0.1.0
 * @category schemas
 */
export const Id = Schema.String.pipe(
  Schema.pattern(/^\d{1,20}$/, {
    description: "a snowflake",
    arbitrary: () => (fc) => fc.bigInt({ min: 1n, max: 2n ** 63n }).map(String)
  })
)

/**
 * A moment in ISO 8601, such as `2021-01-01T00:00:00.000000+00:00`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Timestamp = Schema.String.annotations({
  description: "an ISO 8601 timestamp",
  arbitrary: () => (fc) =>
    fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000).toISOString())
})

/**
 * An integer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Integer = Schema.Int.annotations({
  description: "an integer",
  arbitrary: () => (fc) => fc.integer()
})

/**
 * A number with a fraction.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Float = Schema.JsonNumber.annotations({
  description: "a number",
  // JSON knows no negative zero.
  arbitrary: () => (fc) => fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)
})

/**
 * One of a list of numbers that grows: those that the documentation does not know yet pass.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Enum = Integer.annotations({
  description: "an enum value",
  arbitrary: () => (fc) => fc.integer({ min: 0, max: 64 })
})

/**
 * Bits with meanings, of which there may be more tomorrow.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Flags = Schema.NonNegativeInt.annotations({
  description: "flags",
  arbitrary: () => (fc) => fc.maxSafeNat()
})

/**
 * Named bits as a decimal string, because a number cannot hold all of them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Permissions = Schema.String.pipe(
  Schema.pattern(/^\d+$/, {
    description: "a set of permissions",
    arbitrary: () => (fc) => fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String)
  })
)

/**
 * Values by id.
 *
 * @since 0.1.0
 * @category constructors
 */
export const idRecord = <A extends Schema.Schema.AnyNoContext>(value: A) => Schema.Record({ key: Id, value })

/**
 * The name of an undocumented type.
 *
 * @since 0.1.0
 * @category constants
 */
export const unknownType = "a type that is not documented yet"

/** A structure whose `type` says which it is. */
type Typed = Schema.Schema.AnyNoContext & {
  readonly fields: { readonly type: { readonly literals: ReadonlyArray<number> } }
}

/**
 * A structure of a type that the documentation does not know yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnknownType extends Schema.Struct<{ readonly type: Schema.filter<typeof Schema.Int> }> {}

/**
 * One of several structures, discriminated by `type`. A value of an unknown type passes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const openUnion = <const Members extends readonly [Typed, ...ReadonlyArray<Typed>]>(
  ...members: Members
): Schema.Union<[...Members, UnknownType]> => {
  const known = new Set(members.flatMap((member) => member.fields.type.literals))
  const isUnknown = (type: number): boolean => !known.has(type)
  const other: UnknownType = Schema.Struct({ type: Enum.pipe(Schema.filter(isUnknown, { title: unknownType })) })
  // The compiler does not see that a spread tuple with one more has two members at least.
  const union: Schema.Schema.Any = Schema.Union(...members, other)
  return union as Schema.Union<[...Members, UnknownType]>
}

type Optional<F extends Schema.Struct.Fields> = {
  readonly [K in keyof F]: F[K] extends Schema.Schema.All ? Schema.optional<F[K]> : F[K]
}

/**
 * The fields of a structure, all optional: a partial object in the documentation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const optionalFields = <F extends Schema.Struct.Fields>(fields: F): Optional<F> =>
  // The same keys, and each value as the type says.
  Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, Schema.isSchema(field) ? Schema.optional(field) : field])
  ) as unknown as Optional<F>
