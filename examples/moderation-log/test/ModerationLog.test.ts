import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Entry } from "../src/Entry.js"
import * as ModerationLog from "../src/ModerationLog.js"

const write = (id: string) =>
  Effect.flatMap(
    ModerationLog.ModerationLog,
    (log) => log.append(new Entry({ id, guild: "9", what: "member banned", who: { id: "5" } }))
  )

describe("the file", () => {
  it.scoped("has a line for each entry, and keeps those of the process before", () =>
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem.FileSystem
      const path = `${yield* fileSystem.makeTempDirectoryScoped()}/log.ndjson`
      yield* Effect.provide(Effect.zipRight(write("a"), write("b")), ModerationLog.layerFile(path))
      yield* Effect.provide(write("c"), ModerationLog.layerFile(path))
      const lines = (yield* fileSystem.readFileString(path)).trimEnd().split("\n")
      assert.deepStrictEqual(lines.map((line) => JSON.parse(line)), [
        { id: "a", guild: "9", what: "member banned", who: { id: "5" } },
        { id: "b", guild: "9", what: "member banned", who: { id: "5" } },
        { id: "c", guild: "9", what: "member banned", who: { id: "5" } }
      ])
    }).pipe(Effect.provide(NodeContext.layer)))
})
