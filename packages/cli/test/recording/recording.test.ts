import * as Dispatch from "@vesper/model/Dispatch"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { Recorder, Recording } from "../../src/recording/index.js"

const secret = "MTIz.abc.def"

const encode = (t: string, d: unknown, redactContents = false) =>
  JSON.parse(Recording.encode(Dispatch.fromPayload({ op: 0, t, s: 2, d }), { at: 5, shard: 1, redactContents, secret }))

describe("a line of a recording", () => {
  it("has no token and nothing to resume with, in whatever depth, nor the bot's token in a text", () => {
    const line = encode("INTERACTION_CREATE", { token: "t", deep: [{ session_id: "s" }], content: `leak: ${secret}!` })
    assert.deepStrictEqual(line, {
      at: 5,
      shard: 1,
      t: "INTERACTION_CREATE",
      d: { token: "<redacted>", deep: [{ session_id: "<redacted>" }], content: "leak: <redacted>!" }
    })
  })

  it("keeps ids, times, numbers and kinds when the contents are left out, and nothing else", () => {
    const d = {
      id: "679383613879353491",
      timestamp: "2026-11-24T22:30:00.000Z",
      content: "hello",
      author: { username: "ada", bot: false },
      mentions: ["someone"],
      status: "idle",
      type: 0
    }
    assert.deepStrictEqual(encode("MESSAGE_CREATE", d, true).d, {
      ...d,
      content: "xxxxx",
      author: { username: "xxx", bot: false },
      mentions: ["xxxxxxx"]
    })
  })

  it("leaves out data that is nested too deeply to be read again", () => {
    for (const depth of [1, 150, 198, 199, 200, 201, 5_000, 200_000]) {
      const d = JSON.parse("[".repeat(depth) + "]".repeat(depth))
      const event = Dispatch.fromPayload({ op: 0, t: "A", s: 2, d })
      const line = Recording.encode(event, { at: 5, shard: 1, redactContents: false, secret })
      assert.isTrue(Either.isRight(Recording.decode(line)), String(depth))
      assert.strictEqual(line.includes("<nested too deeply>"), depth > 199, String(depth))
    }
  })

  it("may have a text of any length", () => {
    const d = "\n".repeat(10_000_000)
    assert.isTrue(Either.isRight(Recording.decode(JSON.stringify({ at: 1, shard: 0, t: "A", d }))))
  })

  it("is read again, or refused with what is wrong", () => {
    assert.isTrue(Either.isRight(Recording.decode(`{"at":1,"shard":0,"t":"A","d":null}`)))
    assert.match(Either.getOrThrow(Either.flip(Recording.decode(`{"at":1,"shard":-1,"t":"A","d":null}`))), /^shard: /)
    assert.isTrue(Either.isLeft(Recording.decode("hello")))
  })

  it("belongs to its guild", () => {
    const guilds = ([
      ["GUILD_CREATE", { id: "5" }, "5"],
      ["MESSAGE_CREATE", { id: "6", guild_id: "7" }, "7"],
      ["GUILD_ROLE_DELETE", { role_id: "1", guild_id: "7" }, "7"],
      ["MESSAGE_CREATE", { id: "6" }, undefined],
      ["A", null, undefined]
    ] as const).map(([t, d, guild]) => [Recording.getGuildId({ at: 0, shard: 0, t, d }), guild])
    guilds.forEach(([found, guild]) => assert.strictEqual(found, guild))
  })
})

const inFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "vesper-recording-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const readAll = (path: string, onCut?: () => void) =>
  Effect.promise(async () => {
    const lines: Array<string> = []
    for await (const line of Recorder.read(path, onCut)) {
      lines.push(line)
    }
    return lines
  })

const lines = Array.from({ length: 500 }, (_, i) => `line ${i} ${Math.sin(i)}`)

describe("the file of a recording", () => {
  it.scopedLive("is whole when the scope closes, and is never written over", () =>
    Effect.gen(function*() {
      const path = join(yield* inFolder, "a.ndjson.gz")
      yield* Effect.scoped(Effect.flatMap(Recorder.make(path), ({ write }) => Effect.forEach(lines, write)))
      assert.isBelow(readFileSync(path).length, lines.join("\n").length)
      assert.deepStrictEqual(yield* readAll(path, () => assert.fail("it was not cut")), lines)
      const error = yield* Effect.flip(Effect.scoped(Recorder.make(path)))
      assert.match(error.message, /a\.ndjson\.gz cannot be written: it exists already/)
    }))

  it.scopedLive("gives what is whole of one that was cut off", () =>
    Effect.gen(function*() {
      const path = join(yield* inFolder, "a.ndjson.gz")
      yield* Effect.scoped(Effect.flatMap(Recorder.make(path), ({ write }) => Effect.forEach(lines, write)))
      truncateSync(path, readFileSync(path).length - 500)
      let cuts = 0
      const read = yield* readAll(path, () => cuts++)
      assert.strictEqual(cuts, 1)
      assert.isAbove(read.length, 100)
      assert.deepStrictEqual(read, lines.slice(0, read.length))
    }))

  it.scopedLive("is refused by the number of its line if that is too long, also from a device without an end", () =>
    Effect.gen(function*() {
      const path = join(yield* inFolder, "a.ndjson.gz")
      const long = Buffer.alloc(65 * 2 ** 20, "x")
      writeFileSync(path, gzipSync(Buffer.concat([Buffer.from("{}\n"), long, Buffer.from("\n")]), { level: 1 }))
      for (const [file, line] of [[path, 2], ["/dev/zero", 1]] as const) {
        const error = yield* Effect.flip(Effect.tryPromise({
          try: async () => {
            for await (const _ of Recorder.read(file)) {
              // Each line is read.
            }
          },
          catch: String
        }))
        assert.strictEqual(error, `Error: line ${line} is too long`)
      }
    }))

  it.scopedLive("may have lines that end at any place of its chunks, and with a carriage return", () =>
    Effect.gen(function*() {
      const path = join(yield* inFolder, "a.ndjson")
      const long = "ü".repeat(100_000)
      writeFileSync(path, `${long}\r\n\n${long}\nb\n`)
      assert.deepStrictEqual(yield* readAll(path, () => assert.fail("it was not cut")), [long, "", long, "b"])
    }))

  it.scopedLive("may be plain text", () =>
    Effect.gen(function*() {
      const path = join(yield* inFolder, "a.ndjson")
      writeFileSync(path, "a\nb\n")
      assert.deepStrictEqual(yield* readAll(path, () => assert.fail("it was not cut")), ["a", "b"])
    }))
})
