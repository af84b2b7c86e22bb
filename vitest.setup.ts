/**
 * chai takes `Option.some(1)` for deeply equal to `Option.none()`: their numbers of keys differ, so it compares what their
 * iterators give, which is one effect each. Values of Effect's that know what equality is are asked first.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { chai } from "vitest"

const differ = (left: unknown, right: unknown): boolean =>
  (Option.isOption(left) && Option.isOption(right) && left._tag !== right._tag) ||
  (Either.isEither(left) && Either.isEither(right) && left._tag !== right._tag)

chai.config.deepEqual = (expected, actual) =>
  // `null` lets chai go on by itself.
  chai.util.eql(expected, actual, { comparator: (left: unknown, right: unknown) => differ(left, right) ? false : null })
