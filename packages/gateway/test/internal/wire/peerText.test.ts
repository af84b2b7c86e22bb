import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as GatewayUrl from "../../../src/internal/wire/gatewayUrl.js"
import * as PeerText from "../../../src/internal/wire/peerText.js"

const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

describe("text of the peer", () => {
  it("is cut and has no control characters, whatever it is", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary", maxLength: 2_000 }), (text) => {
        const cleaned = PeerText.clean(text)
        assert.isAtMost(cleaned.length, PeerText.maxLength + 1)
        assert.notMatch(cleaned, unprintable)
      }),
      { seed: 18, numRuns: 500 }
    )
  })

  it("stays as it is where it is plain and short", () => {
    assert.strictEqual(PeerText.clean("déjà vu 😀"), "déjà vu 😀")
  })

  it("is cut at once where it has megabytes", () => {
    assert.strictEqual(PeerText.clean("x".repeat(10_000_000)), `${"x".repeat(200)}…`)
  })
})

const nested = () => {
  let value: unknown = []
  for (let i = 0; i < 200_000; i++) {
    value = [value]
  }
  return value
}

const throwing = new Error()
Object.defineProperty(throwing, "message", {
  get: () => {
    throw new Error("no message")
  }
})

const causes: ReadonlyArray<readonly [what: string, cause: unknown, described: string]> = [
  ["an error", new Error("read ECONNRESET"), "read ECONNRESET"],
  ["an error of one line per frame", new Error("a\u001b[31mb\nc"), "a[31mb c"],
  [
    "an aggregate without a message",
    new AggregateError([new Error("connect ::1"), new Error("connect 127.0.0.1")]),
    "connect ::1; connect 127.0.0.1"
  ],
  ["an aggregate with a message", new AggregateError([new Error("boom")], "all failed"), "all failed: boom"],
  ["an error without a message but a code", Object.assign(new Error(""), { code: "EPIPE" }), "EPIPE"],
  ["an error without a message but a cause", new Error("", { cause: new Error("inner") }), "inner"],
  [
    "an error whose cause says more",
    new Error("fetch failed", { cause: new Error("ENOTFOUND") }),
    "fetch failed: ENOTFOUND"
  ],
  ["an error with nothing", new TypeError(""), "TypeError"],
  ["a string", "gone", "gone"],
  ["nothing", undefined, "undefined"],
  ["an empty string", "", "an unknown error"],
  ["an error whose message throws", throwing, "an error that cannot be described"],
  ["a value that is nested too deep", nested(), "an error that cannot be described"]
]

describe("the reason of a failure", () => {
  for (const [what, cause, described] of causes) {
    it(`survives: ${what}`, () => {
      assert.strictEqual(PeerText.describe(cause), described)
    })
  }

  it("ends where a cause is its own cause", () => {
    const error = new Error("round")
    error.cause = error
    assert.include(PeerText.describe(error), "round")
  })
})

const redacted: ReadonlyArray<readonly [url: string, shown: string]> = [
  ["wss://gateway.discord.gg/?v=10", "wss://gateway.discord.gg/"],
  ["wss://user:secret@proxy.example:443/path?key=secret#secret", "wss://proxy.example:443/path"],
  ["wss://user@se:cret@proxy.example/", "wss://proxy.example/"],
  ["wss://proxy.example#secret", "wss://proxy.example"],
  ["user:secret@proxy.example?secret", "proxy.example"],
  ["gateway", "gateway"]
]

describe("a gateway URL", () => {
  for (const [url, shown] of redacted) {
    it(`is shown without credentials and query: ${url}`, () => {
      assert.strictEqual(GatewayUrl.redact(url), shown)
    })
  }
})
