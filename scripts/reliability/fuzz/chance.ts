/** Random and mutated input. */
import * as Plan from "../plan.js"

export interface Chance {
  /** Begins anew: what follows depends on the seed alone. One that is made for each input would take longer than most. */
  readonly seed: (seed: number) => void
  /** From 0 to below `below`. */
  readonly int: (below: number) => number
  readonly is: (probability: number) => boolean
  readonly pick: <A>(all: ReadonlyArray<A>) => A
  readonly list: <A>(most: number, make: () => A) => ReadonlyArray<A>
  /** Text that is hard on parsers. */
  readonly text: () => string
  /** Any JSON value. */
  readonly json: (depth?: number) => unknown
  readonly mutateText: (text: string) => string
  readonly mutateBytes: (bytes: Uint8Array) => Uint8Array
}

const hard = [
  "",
  "a",
  "\"",
  "\\",
  "\\u0000",
  "\u0000",
  "é",
  "😀",
  "\ud800",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "null",
  "true",
  "-1",
  "1e999",
  "0x10",
  "9007199254740993",
  "op",
  "t",
  "s",
  "d",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "../../etc/passwd",
  "\n",
  "\r\n",
  " ",
  "\u2028",
  "wss://",
  "ws://a",
  "javascript:1",
  "https://a.example",
  "%00",
  "NaN",
  "Infinity",
  "1.5",
  "4e3"
]
const numbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e21,
  -1e21,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  1e308,
  5e-324,
  999_999_999_999_999
]

export const makeChance = (): Chance => {
  const { next, seed } = Plan.reseedable(0)
  const int = (below: number) => Math.floor(next() * below)
  const is = (probability: number) => next() < probability
  const pick = <A>(all: ReadonlyArray<A>): A => {
    const found = all[int(all.length)]
    if (found === undefined) {
      throw new Error("there is nothing to pick from")
    }
    return found
  }
  const list = <A>(most: number, make: () => A) => Array.from({ length: int(most + 1) }, make)
  const text = () => list(3, () => is(0.7) ? pick(hard) : String.fromCharCode(int(is(0.8) ? 128 : 65_536))).join("")
  const json = (depth = 3): unknown => {
    switch (int(depth > 0 ? 7 : 5)) {
      case 0:
        return null
      case 1:
        return is(0.5)
      case 2:
        return is(0.5) ? pick(numbers) : int(1000)
      case 3:
      case 4:
        return text()
      case 5:
        return list(3, () => json(depth - 1))
      default:
        return Object.fromEntries(list(3, () => [text(), json(depth - 1)]))
    }
  }
  const mutateText = (given: string) => {
    const at = int(given.length + 1)
    switch (int(5)) {
      case 0:
        return given.slice(0, at)
      case 1:
        return given.slice(0, at) + text() + given.slice(at)
      case 2:
        return given.slice(0, at) + given.slice(at + 1 + int(4))
      case 3:
        return given.slice(0, at) + String.fromCharCode(int(128)) + given.slice(at + 1)
      default:
        return given.slice(0, at) + given.slice(int(given.length + 1))
    }
  }
  const mutateBytes = (given: Uint8Array) => {
    const at = int(given.length + 1)
    switch (int(5)) {
      case 0:
        return given.slice(0, at)
      case 1:
        return Uint8Array.from([...given.slice(0, at), ...list(8, () => int(256)), ...given.slice(at)])
      case 2:
        return Uint8Array.from([...given.slice(0, at), ...given.slice(at + 1 + int(4))])
      default: {
        const copy = given.slice()
        for (let i = int(3); i >= 0 && copy.length > 0; i--) {
          copy[int(copy.length)] = int(256)
        }
        return copy
      }
    }
  }
  return { seed, int, is, pick, list, text, json, mutateText, mutateBytes }
}
