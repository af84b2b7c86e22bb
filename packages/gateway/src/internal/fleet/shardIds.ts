/** The ids of a fleet's shards, checked before a shard is made. */
import * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Shards } from "../../Fleet.js"
import { Check } from "../config/index.js"

const invalid = (message: string) => Check.invalid(["shards"], message)

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1

const isIndex = (value: number) => Number.isSafeInteger(value) && value >= 0

/** Returns the ids in order. */
export const resolve = (
  shards: Exclude<Shards, "recommended">
): Either.Either<ReadonlyArray<ShardId.ShardId>, ConfigError.ConfigError> => {
  const { total } = shards
  if (!isCount(total)) {
    return invalid(`a total of ${total} shards; it must be a whole number of at least 1`)
  }
  if ("range" in shards) {
    const [from, to] = shards.range
    return isIndex(from) && isIndex(to) && from <= to && to < total
      ? Either.right(ShardId.all(total).slice(from, to + 1))
      : invalid(`the range from ${from} to ${to} (both included) is not within the ids 0 to ${total - 1}`)
  }
  if ("bucket" in shards) {
    const { bucket, of } = shards
    if (!isCount(of) || !isIndex(bucket) || bucket >= of) {
      return invalid(`bucket ${bucket} of ${of}; it must be from 0 to the number of buckets minus 1`)
    }
    const ids = ShardId.all(total).filter(({ id }) => id % of === bucket)
    return ids.length > 0
      ? Either.right(ids)
      : invalid(`bucket ${bucket} of ${of} has none of the ${total} shards`)
  }
  return Either.right(ShardId.all(total))
}

/**
 * Returns the shards of a new total that have exactly the guilds of these shards; none if there are no such shards. A
 * guild's shard is a number modulo the total, so two shards have guilds in common if their ids are equal modulo the
 * greatest common divisor of both totals.
 */
export const successors = (
  ids: ReadonlyArray<ShardId.ShardId>,
  total: number
): Option.Option<ReadonlyArray<ShardId.ShardId>> => {
  const before = ids[0]?.total ?? total
  const parts = ShardId.parts(before, total)
  const held = new Set(ids.map(({ id }) => id % parts))
  return ids.length === held.size * (before / parts)
    ? Option.some(ShardId.all(total).filter(({ id }) => held.has(id % parts)))
    : Option.none()
}
