/** Which shards a fleet is to hold: pure, and checked before anything is started. */
import * as ShardId from "@vesper/model/ShardId"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Shards } from "../../Fleet.js"

const invalid = (message: string) => Either.left(ConfigError.InvalidData(["shards"], message))

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1

const isIndex = (value: number) => Number.isSafeInteger(value) && value >= 0

/** The ids, in order. `recommended` is what Discord recommends; it is only asked for where it counts. */
export const resolve = (
  shards: Exclude<Shards, "recommended">
): Either.Either<ReadonlyArray<ShardId.ShardId>, ConfigError.ConfigError> => {
  const { total } = shards
  if (!isCount(total)) {
    return invalid(`a total of ${total} shards: it is a whole number of at least 1`)
  }
  if ("range" in shards) {
    const [from, to] = shards.range
    return isIndex(from) && isIndex(to) && from <= to && to < total
      ? Either.right(ShardId.all(total).slice(from, to + 1))
      : invalid(`the range from ${from} to ${to} (both included) is none of the ids 0 to ${total - 1}`)
  }
  if ("bucket" in shards) {
    const { bucket, of } = shards
    if (!isCount(of) || !isIndex(bucket) || bucket >= of) {
      return invalid(`bucket ${bucket} of ${of}: buckets are numbered from 0, and there is at least one`)
    }
    const ids = ShardId.all(total).filter(({ id }) => id % of === bucket)
    return ids.length > 0
      ? Either.right(ids)
      : invalid(`bucket ${bucket} of ${of} has none of the ${total} shards`)
  }
  return Either.right(ShardId.all(total))
}

/**
 * The shards of a new total that have the same guilds as these of an old one; none if some of those guilds have other
 * shards too, which are not among these. Guilds go by a number modulo the total, so shards of two totals have some in
 * common if their ids are the same modulo the greatest number that divides both.
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

/** Whether what closed one shard for good would close all: then the fleet is better off knowing at once. */
export const isShared = (code: number): boolean => code === 4004 || (code >= 4012 && code <= 4014)
