import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { dirname } from "node:path"
import * as FileStore from "../../src/shards/sessionFile.js"

const inFolder = <A, E>(
  use: (path: string, files: FileSystem.FileSystem) => Effect.Effect<A, E, FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped()
    return yield* use(`${folder}/sessions.json`, files)
  }).pipe(Effect.provide(NodeFileSystem.layer))

describe("a store in one file", () => {
  it.scopedLive("gives the next process what this one has kept", () =>
    inFolder((path, files) =>
      Effect.gen(function*() {
        const { store } = yield* FileStore.make(path)
        assert.deepStrictEqual(yield* store.get("a"), Option.none())
        yield* Effect.forEach(["1", "2", "3"], (value) => store.set("a", value), { concurrency: "unbounded" })
        yield* store.set("b", "x")
        yield* store.remove("b")
        const { store: next } = yield* FileStore.make(path)
        assert.deepStrictEqual(yield* next.get("a"), Option.some("3"))
        assert.deepStrictEqual(yield* next.get("b"), Option.none())
        assert.deepStrictEqual(yield* files.readDirectory(path.replace(/[^/]*$/, "")), ["sessions.json"])
        assert.strictEqual(Number((yield* files.stat(path)).mode) & 0o777, 0o600)
      })
    ))

  it.scopedLive("reports a failed write until one succeeds", () =>
    inFolder((path, files) =>
      Effect.gen(function*() {
        const { problem, store } = yield* FileStore.make(path)
        yield* files.makeDirectory(`${path}.tmp`)
        yield* Effect.flip(store.set("a", "1"))
        assert.match(Option.getOrThrow(yield* problem), /sessions\.json\.tmp cannot be written: it is a folder$/)
        yield* files.remove(`${path}.tmp`, { recursive: true })
        yield* store.set("b", "2")
        assert.deepStrictEqual(yield* problem, Option.none())
        const { store: next } = yield* FileStore.make(path)
        assert.deepStrictEqual(yield* next.get("a"), Option.some("1"))
      })
    ))

  it.scopedLive("leaves no temporary file after a failed write", () =>
    inFolder((path, files) =>
      Effect.gen(function*() {
        const { store } = yield* FileStore.make(path)
        // A folder cannot be replaced by a file.
        yield* files.makeDirectory(`${path}/content`, { recursive: true })
        yield* Effect.flip(store.set("a", "1"))
        assert.deepStrictEqual(yield* files.readDirectory(dirname(path)), ["sessions.json"])
      })
    ))

  it.scopedLive("is refused at the start in a folder that does not exist", () =>
    inFolder((path) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(FileStore.make(`${path}/sessions.json`))
        assert.match(error.message, /sessions\.json cannot be used for sessions: there is no such file$/)
      })
    ))

  it.scopedLive("leaves a file alone that holds something else", () =>
    inFolder((path, files) =>
      Effect.gen(function*() {
        yield* files.writeFileString(path, "dear diary")
        const error = yield* Effect.flip(FileStore.make(path))
        assert.match(error.message, /sessions\.json cannot be used for sessions: it has another content/)
        assert.strictEqual(yield* files.readFileString(path), "dear diary")
      })
    ))
})
