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
 * Bits with meanings, as a decimal string, for there may be more than a number can hold.
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
