/**
 * Which shards to run, as people write it.
 *
 * @since 0.1.0
 */
import type * as Fleet from "@vesper/gateway/Fleet"
import * as Data from "effect/Data"
import * as Either from "effect/Either"

/**
 * - `Auto`: all of them, as many as Discord recommends.
 * - `All`: all of so many.
 * - `Range`: those from one number to another, both included, of so many.
 *
 * @since 0.1.0
 * @category models
 */
export type Shards = Data.TaggedEnum<{
  Auto: {}
  All: { readonly total: number }
  Range: { readonly from: number; readonly to: number; readonly total: number }
}>

/**
 * @since 0.1.0
 * @category constructors
 */
export const {
  /** @since 0.1.0 */
  $match: match,
  /** @since 0.1.0 */
  All,
  /** @since 0.1.0 */
  Auto,
  /** @since 0.1.0 */
  Range
} = Data.taggedEnum<Shards>()

/** More than any bot has; rather a slip of the finger. */
const most = 100_000

/**
 * Reads `auto`, a number of shards such as `4`, a range of them such as `0-15/64`, or one of them such as `3/64`.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string): Either.Either<Shards, string> => {
  if (text.trim().toLowerCase() === "auto") {
    return Either.right(Auto())
  }
  const [, from, to = from, of] = /^\s*(\d+)(?:\s*-\s*(\d+))?(?:\s*\/\s*(\d+))?\s*$/.exec(text) ?? []
  if (from === undefined || (of === undefined && to !== from)) {
    return Either.left(`"${text}" names no shards: give auto, a number such as 4, or a range such as 0-15/64`)
  }
  const total = Number(of ?? from)
  if (total < 1 || total > most) {
    return Either.left(total < 1 ? `${total} is too few: there is at least one shard` : `${total} shards are too many`)
  }
  if (of === undefined) {
    return Either.right(All({ total }))
  }
  return Number(from) <= Number(to) && Number(to) < total
    ? Either.right(Range({ from: Number(from), to: Number(to), total }))
    : Either.left(`"${text}" is no range: of ${total} shards the first is 0 and the last is ${total - 1}`)
}

/**
 * The shards of a fleet.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofFleet = (self: Shards, recommended: number): Exclude<Fleet.Shards, "recommended"> =>
  match(self, {
    Auto: () => ({ total: recommended }),
    All: ({ total }) => ({ total }),
    Range: ({ from, to, total }) => ({ range: [from, to], total })
  })
