/** A `KeyValueStore` in one file of JSON: the sessions of `--resume-file`. */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type CliError, failed } from "../exit/index.js"

const Content = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

/** A session is useless without the token. Still other users cannot read it. */
const mode = 0o600

/**
 * Reads the file, if it exists. Each change replaces it in one step, so that a crash leaves either the old or the new one.
 * Changes during a write share the next write.
 */
export const make = (
  path: string
): Effect.Effect<KeyValueStore.KeyValueStore, CliError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const unreadable = (why: string) => failed(`${path} cannot be used for sessions: ${why}`)
    const text = yield* files.readFileString(path).pipe(
      Effect.asSome,
      Effect.catchTag("SystemError", (error) => error.reason === "NotFound" ? Effect.succeedNone : error),
      Effect.mapError((error) => unreadable(error.message))
    )
    const saved = yield* Option.match(text, {
      onNone: () => Effect.succeed({}),
      onSome: (text) =>
        Effect.mapError(
          Schema.decode(Content)(text),
          () => unreadable("it has another content; remove it, or name another file")
        )
    })
    const values = new Map(Object.entries(saved))
    const lock = yield* Effect.makeSemaphore(1)
    let isDirty = false

    const write = Effect.suspend(() => {
      if (!isDirty) {
        return Effect.void
      }
      isDirty = false
      const temporary = `${path}.tmp`
      const content = JSON.stringify(Object.fromEntries(values), null, 2)
      // A file or a link that another user has put there is removed, and not written to.
      return files.remove(temporary, { force: true }).pipe(
        Effect.zipRight(files.writeFileString(temporary, content, { mode, flag: "wx" })),
        Effect.zipRight(files.rename(temporary, path)),
        Effect.onError(() =>
          Effect.sync(() => {
            isDirty = true
          })
        )
      )
    })
    const change = (edit: () => void): Effect.Effect<void, PlatformError.PlatformError> =>
      Effect.suspend(() => {
        edit()
        isDirty = true
        return lock.withPermits(1)(write)
      })

    return KeyValueStore.makeStringOnly({
      get: (key) => Effect.sync(() => Option.fromNullable(values.get(key))),
      set: (key, value) => change(() => values.set(key, value)),
      remove: (key) => change(() => values.delete(key)),
      clear: change(() => values.clear()),
      size: Effect.sync(() => values.size)
    })
  })
