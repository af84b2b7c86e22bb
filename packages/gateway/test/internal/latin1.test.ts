import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Latin1 from "../../src/internal/wire/latin1.js"
import * as Utf8 from "../../src/internal/wire/utf8.js"

const decodeLatin1 = Latin1.make(Buffer)

const decode = (bytes: Uint8Array, start = 0, end = bytes.length): string | undefined => {
  assert.isDefined(decodeLatin1)
  return decodeLatin1(bytes, start, end)
}

/** The same, slowly. */
const expected = (text: string): string =>
  text.replace(/[^\u0000-\u00ff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return "no JSON"
  }
}

const codePoint = FastCheck.oneof(
  FastCheck.integer({ min: 0, max: 0x7f }),
  FastCheck.constantFrom(0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff),
  FastCheck.integer({ min: 0, max: 0xd7ff }),
  FastCheck.integer({ min: 0xe000, max: 0x10ffff })
)

/** Runs of plain letters between other characters, so that these occur at any position in a block of sixteen bytes. */
const text = FastCheck.array(
  FastCheck.oneof(
    FastCheck.nat({ max: 40 }).map((length) => "x".repeat(length)),
    codePoint.map((point) => String.fromCodePoint(point))
  ),
  { maxLength: 60 }
).map((parts) => parts.join(""))

/** Bytes that are most likely no UTF-8, but begin as if they were. */
const bytes = FastCheck.array(
  FastCheck.oneof(
    FastCheck.constantFrom(0x22, 0x5c, 0x75, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
    FastCheck.integer({ min: 0, max: 255 })
  ),
  { maxLength: 80 }
).map((all) => Uint8Array.from(all))

const isUtf8 = (input: Uint8Array): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(input)
    return true
  } catch {
    return false
  }
}

const refused: ReadonlyArray<readonly [name: string, bytes: ReadonlyArray<number>]> = [
  ["a continuation without a beginning", [0x80]],
  ["two bytes for what takes one", [0xc1, 0xbf]],
  ["three bytes for what takes two", [0xe0, 0x9f, 0xbf]],
  ["four bytes for what takes three", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["half of a surrogate pair", [0xed, 0xa0, 0x80]],
  ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
  ["a byte that begins nothing", [0xf5, 0x80, 0x80, 0x80]],
  ["two bytes, cut off", [0xc3]],
  ["three bytes, cut off", [0xe2, 0x82]],
  ["four bytes, cut off", [0xf0, 0x9f, 0xa6]],
  ["a backslash before an escape", [0x5c, 0xe2, 0x82, 0xac]]
]

describe("JSON of one byte a character", () => {
  it("has what is in ISO 8859-1 as it is, and the rest as escapes", () => {
    FastCheck.assert(
      FastCheck.property(text.filter((text) => !text.includes("\\")), (text) => {
        assert.strictEqual(decode(Buffer.from(text)), expected(text))
      }),
      { numRuns: 2_000 }
    )
  })

  it("parses as the text does", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(text, FastCheck.json({ noUnicodeString: false })), (text) => {
        for (const json of [text, JSON.stringify(text), `{"a":"${text}"}`]) {
          const bytes = Buffer.from(json)
          assert.deepStrictEqual(parse(Utf8.decodeJson(bytes, 0, bytes.length)), parse(Utf8.decode(bytes)))
        }
      }),
      { numRuns: 1_000 }
    )
  })

  it("is only made of UTF-8, and parses as that does", () => {
    FastCheck.assert(
      FastCheck.property(bytes, (bytes) => {
        const decoded = decode(bytes)
        if (!isUtf8(bytes)) {
          assert.isUndefined(decoded)
        }
        const string = Buffer.from([0x22, ...bytes, 0x22])
        assert.deepStrictEqual(parse(Utf8.decodeJson(string, 0, string.length)), parse(Utf8.decode(string)))
      }),
      { numRuns: 5_000 }
    )
  })

  for (const [name, bytes] of refused) {
    it(`is not made of ${name}, wherever it stands`, () => {
      for (let before = 0; before < 40; before++) {
        assert.isUndefined(decode(Uint8Array.from([...new Array<number>(before).fill(0x78), ...bytes])))
        assert.isUndefined(decode(Uint8Array.from([...new Array<number>(before).fill(0x78), ...bytes, 0x78, 0x78])))
      }
    })
  }

  it("is made of a part, whatever is around it", () => {
    FastCheck.assert(FastCheck.property(text, text, text, (before, text, after) => {
      const bytes = Buffer.from(`${before}"${text}"${after}`)
      const start = Buffer.byteLength(before)
      const end = start + Buffer.byteLength(text) + 2
      // What was there before must not show: a short text after a long one.
      decode(Buffer.alloc(2_000, "é"))
      assert.strictEqual(decode(bytes, start, end), decode(bytes.subarray(start, end)))
    }))
  })

  it("is made up to a size, which leaves room for the longest escapes", () => {
    const { maxBytes } = Latin1
    const half = maxBytes / 2
    for (const character of ["x", "Ā", "🦊"]) {
      const length = Buffer.byteLength(character)
      const text = character.repeat(maxBytes / length)
      assert.strictEqual(decode(Buffer.from(text)), expected(text))
      assert.isUndefined(decode(Buffer.from(`${text}x`)))
    }
    assert.strictEqual(decode(Buffer.from("x".repeat(half)))?.length, half)
  })

  it("is not made where the platform has no Buffer, no WebAssembly, or not what is taken for it", () => {
    assert.isUndefined(Latin1.make(undefined))
    assert.isUndefined(Latin1.make({ from: () => new Uint8Array() }))
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    assert.isUndefined(Latin1.make({ from: () => empty }))
  })
})
