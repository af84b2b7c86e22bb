import { assert, describe, it } from "@effect/vitest"
import * as Fzstd from "fzstd"
import * as ZstdStream from "../../../src/internal/compression/zstdStream.js"

const messages = ["{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}", "{\"op\":11}", "déjà vu 😀 ".repeat(30_000), "x"]

describe("the simulator's zstd-stream", () => {
  for (const way of ["best", "stored"] as const) {
    it(`is what another implementation reads as one frame, message by message (${way})`, () => {
      const stream = ZstdStream.make(way)
      let parts: Array<Uint8Array> = []
      const decoder = new Fzstd.Decompress((part) => parts.push(part))
      const got = messages.map((message) => {
        parts = []
        decoder.push(new Uint8Array(stream.compress(message)))
        return Buffer.concat(parts).toString()
      })
      assert.deepStrictEqual(got, messages)
    })
  }
})
