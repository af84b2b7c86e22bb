/** The shards of a process, as `--shards` has them. */
import type * as Fleet from "@vesper/gateway/Fleet"
import * as Data from "effect/Data"
import * as Either from "effect/Either"

/**
 * - `Auto`: as many as Discord recommends, all of them.
 * - `All`: all shards of a given total.
 * - `Range`: the shards from one number to another, both included, of a total.
 */
export type ShardSelection = Data.TaggedEnum<{
  Auto: {}
  All: { readonly total: number }
  Range: { readonly from: number; readonly to: number; readonly total: number }
}>

export const { $match: match, All, Auto, Range } = Data.taggedEnum<ShardSelection>()

/** The largest total. No bot has as many; a larger number is a typing error. */
export const maxTotal = 100_000

/** The most shards of one process: a shard takes some 60 KB, and its socket a file descriptor. */
export const maxPerProcess = 4_096

const limited = (selection: ShardSelection, count: number): Either.Either<ShardSelection, string> =>
  count <= maxPerProcess
    ? Either.right(selection)
    : Either.left(`${count} shards are too many for one process: give at most ${maxPerProcess}, such as 0-15/64`)

/** Reads `auto`, a total such as `4`, a range such as `0-15/64`, or one shard such as `3/64`. */
export const parse = (text: string): Either.Either<ShardSelection, string> => {
  if (text.trim().toLowerCase() === "auto") {
    return Either.right(Auto())
  }
  const [, from, to = from, of] = /^\s*(\d+)(?:\s*-\s*(\d+))?(?:\s*\/\s*(\d+))?\s*$/.exec(text) ?? []
  if (from === undefined || (of === undefined && to !== from)) {
    return Either.left(`"${text}" does not name shards: give auto, a number such as 4, or a range such as 0-15/64`)
  }
  const total = Number(of ?? from)
  if (total < 1 || total > maxTotal) {
    return Either.left(total < 1 ? `${total} is too few: there is at least one shard` : `${total} shards are too many`)
  }
  if (of === undefined) {
    return limited(All({ total }), total)
  }
  const [first, last] = [Number(from), Number(to)]
  return first <= last && last < total
    ? limited(Range({ from: first, to: last, total }), last - first + 1)
    : Either.left(`"${text}" is not a range: of ${total} shards the first is 0 and the last is ${total - 1}`)
}

/** The shards of a fleet. Fails if Discord recommends more than one process can hold. */
export const toFleet = (
  self: ShardSelection,
  recommended: number
): Either.Either<Exclude<Fleet.Shards, "recommended">, string> =>
  match(self, {
    Auto: () =>
      recommended <= maxPerProcess
        ? Either.right({ total: recommended })
        : Either.left(
          `the API recommends ${recommended} shards, which are too many for one process: give at most ${maxPerProcess}, ` +
            "such as --shards 0-15/64"
        ),
    All: ({ total }) => Either.right({ total }),
    Range: ({ from, to, total }) => Either.right({ range: [from, to], total })
  })
