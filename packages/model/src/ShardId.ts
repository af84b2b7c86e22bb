/**
 * Shards by id and total.
 *
 * @see https://docs.discord.com/developers/events/gateway#sharding
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import { dual } from "effect/Function"

const isShardId = ({ id, total }: { readonly id: number; readonly total: number }): boolean =>
  Number.isSafeInteger(id) && Number.isSafeInteger(total) && id >= 0 && id < total

/**
 * Not a shard of its total.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidShardId extends Data.TaggedError("InvalidShardId")<{
  readonly id: number
  readonly total: number
}> {
  override get message(): string {
    return `shard ${this.id} of ${this.total} does not exist: ids are whole numbers from 0 to ${
      Math.max(0, this.total - 1)
    }, and there is at least one shard`
  }
}

/**
 * The id of a shard and the total number of shards. The constructor throws `InvalidShardId`; `make` returns it.
 * `ModelSchema.ShardId` is its Schema.
 *
 * @since 0.1.0
 * @category models
 */
export class ShardId extends Data.Class<{ readonly id: number; readonly total: number }> {
  constructor(shard: { readonly id: number; readonly total: number }) {
    super({ id: shard.id, total: shard.total })
    if (!isShardId(this)) {
      throw new InvalidShardId({ id: shard.id, total: shard.total })
    }
  }

  /** For people: `[0/4]`. */
  override toString(): string {
    return `[${this.id}/${this.total}]`
  }
}

/**
 * Makes a shard id; fails if it is not below the total.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardId } from "@vesper/model"
 * import { Either } from "effect"
 *
 * assert.ok(Either.isRight(ShardId.make(3, 4)))
 * assert.ok(Either.isLeft(ShardId.make(4, 4)))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (id: number, total: number): Either.Either<ShardId, InvalidShardId> =>
  isShardId({ id, total })
    ? Either.right(new ShardId({ id, total }))
    : Either.left(new InvalidShardId({ id, total }))

/**
 * For ids that are known to be right; throws `InvalidShardId` otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = (id: number, total: number): ShardId =>
  Either.getOrThrowWith(make(id, total), (error) => error)

/**
 * The only shard of a bot that has one.
 *
 * @since 0.1.0
 * @category constants
 */
export const single: ShardId = unsafeMake(0, 1)

/**
 * All shards of a total, in order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all = (total: number): ReadonlyArray<ShardId> =>
  Array.from({ length: total }, (_, id) => unsafeMake(id, total))

/**
 * Returns the id of the shard that receives a guild's events. Events without a guild, such as direct messages, are
 * received by shard 0.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardId } from "@vesper/model"
 *
 * assert.strictEqual(ShardId.shardOf("197038439483310086", 16), 2)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const shardOf: {
  (total: number): (guildId: string) => number
  (guildId: string, total: number): number
} = dual(2, (guildId: string, total: number): number => Number((BigInt(guildId) >> 22n) % BigInt(total)))

/**
 * Returns the number of groups of guilds that neither of two totals mixes, which is the greatest common divisor. A shard of
 * the one total and a shard of the other have guilds in common only if their ids are the same modulo this number.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { ShardId } from "@vesper/model"
 *
 * // The guilds of shards 1, 5 and 9 of 12 are those of shards 1, 5, 9 and 13 of 16.
 * assert.strictEqual(ShardId.parts(12, 16), 4)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const parts: {
  (other: number): (total: number) => number
  (total: number, other: number): number
} = dual(2, (total: number, other: number): number => other === 0 ? total : parts(other, total % other))

/**
 * The bucket of the identify limit that a shard belongs to.
 *
 * @see https://docs.discord.com/developers/events/gateway#sharding-max-concurrency
 * @since 0.1.0
 * @category combinators
 */
export const bucket: {
  (maxConcurrency: number): (self: ShardId) => number
  (self: ShardId, maxConcurrency: number): number
} = dual(2, (self: ShardId, maxConcurrency: number): number => self.id % maxConcurrency)
