import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as GatewayUrl from "../../../src/internal/wire/gatewayUrl.js"

describe("the URL of a connection", () => {
  const bases: ReadonlyArray<readonly [base: string, url: string]> = [
    ["wss://gateway.example", "wss://gateway.example/?v=10&encoding=json"],
    ["wss://gateway.example/?v=9&encoding=etf", "wss://gateway.example/?v=10&encoding=json"],
    ["wss://gateway.example/?v=6&v=7&encoding=etf&encoding=x", "wss://gateway.example/?v=10&encoding=json"],
    ["wss://gateway.example/?compress=zstd-stream", "wss://gateway.example/?v=10&encoding=json"],
    ["wss://gateway.example/path?key=1&v=9#part", "wss://gateway.example/path?key=1&v=10&encoding=json"]
  ]
  for (const [base, url] of bases) {
    it(`replaces version, encoding and compression of ${base}`, () => {
      assert.strictEqual(GatewayUrl.make(base, 10, Option.none()), url)
      const compressed = new URL(GatewayUrl.make(base, 10, Option.some("zlib-stream")))
      assert.deepStrictEqual(compressed.searchParams.getAll("compress"), ["zlib-stream"])
      assert.deepStrictEqual(compressed.searchParams.getAll("v"), ["10"])
      assert.deepStrictEqual(compressed.searchParams.getAll("encoding"), ["json"])
    })
  }
})
