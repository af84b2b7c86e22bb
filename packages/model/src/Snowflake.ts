/**
 * Discord's ids: 64-bit numbers, sent as strings, that contain the time of their making.
 *
 * @see https://docs.discord.com/developers/reference#snowflakes
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import { dual } from "effect/Function"
import * as Order from "effect/Order"

/**
 * A snowflake: an unsigned 64-bit integer as a decimal string. `ModelSchema.Snowflake` is its Schema.
 *
 * @since 0.1.0
 * @category models
 */
export type Snowflake = string & Brand.Brand<"@vesper/model/Snowflake">

/**
 * Not a snowflake.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidSnowflake extends Data.TaggedError("InvalidSnowflake")<{ readonly input: string }> {
  override get message(): string {
    return `"${this.input}" is not a snowflake: expected a string of up to 20 digits`
  }
}

/**
 * The first millisecond of 2015, from which snowflakes count.
 *
 * @since 0.1.0
 * @category constants
 */
export const epoch = 1_420_070_400_000

/**
 * Returns true for the text of a snowflake.
 *
 * @since 0.1.0
 * @category guards
 */
export const is = (value: unknown): value is Snowflake => typeof value === "string" && /^\d{1,20}$/.test(value)

/**
 * Makes a snowflake of its decimal text; throws `InvalidSnowflake` for any other text.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (text: string): Snowflake => {
  if (!is(text)) {
    throw new InvalidSnowflake({ input: String(text).slice(0, 60) })
  }
  return text
}

/**
 * Returns the time of a snowflake in milliseconds since 1970.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Snowflake } from "@vesper/model"
 *
 * const id = Snowflake.make("175928847299117063")
 * assert.strictEqual(new Date(Snowflake.timestamp(id)).toISOString(), "2016-04-30T11:18:25.796Z")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const timestamp = (self: Snowflake): number => Number(BigInt(self) >> 22n) + epoch

/**
 * The smallest snowflake of a moment, in milliseconds since 1970; for pagination.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTimestamp = (millis: number): Snowflake => make(String(BigInt(Math.floor(millis) - epoch) << 22n))

/**
 * The smallest snowflake of a moment; for pagination.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Snowflake } from "@vesper/model"
 *
 * const id = Snowflake.fromDate(new Date("2016-04-30T11:18:25.796Z"))
 * assert.strictEqual(Snowflake.compare(id, Snowflake.make("175928847299117063")), -1)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDate = (date: Date): Snowflake => fromTimestamp(date.getTime())

/**
 * By age: the older first.
 *
 * @since 0.1.0
 * @category instances
 */
export const Order_: Order.Order<Snowflake> = Order.mapInput(Order.bigint, (self: Snowflake) => BigInt(self))

export {
  /**
   * By age: the older first.
   *
   * @since 0.1.0
   * @category instances
   */
  Order_ as Order
}

/**
 * Compares two snowflakes by number, which is also by time.
 *
 * @since 0.1.0
 * @category combinators
 */
export const compare: {
  (that: Snowflake): (self: Snowflake) => -1 | 0 | 1
  (self: Snowflake, that: Snowflake): -1 | 0 | 1
} = dual(2, Order_)
