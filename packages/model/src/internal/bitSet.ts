/** Sets of named bits over Discord's encoding of them. All work is done on bigints, so that no bit is lost. */

import { dual } from "effect/Function"

/** A way of writing a set down. */
export interface Notation<A> {
  readonly toBits: (self: A) => bigint
  readonly fromBits: (bits: bigint) => A
}

/** As a number: up to 53 bits. */
export const asNumber: Notation<number> = { toBits: BigInt, fromBits: Number }

export interface BitSet<A, Name extends string> {
  readonly allNames: ReadonlyArray<Name>
  readonly none: A
  readonly all: A
  readonly of: (...names: ReadonlyArray<Name>) => A
  readonly has: {
    (name: Name): (self: A) => boolean
    (self: A, name: Name): boolean
  }
  readonly add: {
    (name: Name): (self: A) => A
    (self: A, name: Name): A
  }
  readonly remove: {
    (name: Name): (self: A) => A
    (self: A, name: Name): A
  }
  readonly union: {
    (that: A): (self: A) => A
    (self: A, that: A): A
  }
  readonly names: (self: A) => ReadonlyArray<Name>
  readonly unknownBits: (self: A) => ReadonlyArray<number>
}

const positions = (bits: bigint): ReadonlyArray<number> =>
  bits.toString(2).split("").reverse().flatMap((digit, position) => digit === "1" ? [position] : [])

/** A set whose names are bits by their position. */
export const make = <A, Name extends string>(
  table: Readonly<Record<Name, number>>,
  { fromBits, toBits }: Notation<A>
): BitSet<A, Name> => {
  const isName = (key: string): key is Name => Object.hasOwn(table, key)
  const allNames = Object.keys(table).filter(isName)
  const toBit = (name: Name): bigint => 1n << BigInt(table[name])
  const known = allNames.reduce((bits, name) => bits | toBit(name), 0n)
  const has = (self: A, name: Name): boolean => (toBits(self) & toBit(name)) !== 0n
  return {
    allNames,
    none: fromBits(0n),
    all: fromBits(known),
    of: (...names) => fromBits(names.reduce((bits, name) => bits | toBit(name), 0n)),
    has: dual(2, has),
    add: dual(2, (self: A, name: Name) => fromBits(toBits(self) | toBit(name))),
    remove: dual(2, (self: A, name: Name) => fromBits(toBits(self) & ~toBit(name))),
    union: dual(2, (self: A, that: A) => fromBits(toBits(self) | toBits(that))),
    names: (self) => allNames.filter((name) => has(self, name)),
    unknownBits: (self) => positions(toBits(self) & ~known)
  }
}
