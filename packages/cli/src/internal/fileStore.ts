/** A `KeyValueStore` that is one file of JSON: sessions are few and small, and one file is easy to look after. */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CliError } from "../CliError.js"

const Content = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

// Whoever has a session's id still lacks the token, but it is nobody else's business.
const mode = 0o600

/**
 * Reads the file, if there is one. Each change replaces it in one step, so that a crash leaves either the old or the new
 * one; changes that come while it is written share the next write.
 */
export const make = (
  path: string
): Effect.Effect<KeyValueStore.KeyValueStore, CliError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const unreadable = (why: string) => new CliError({ message: `${path} cannot be used for sessions: ${why}` })
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
          () => unreadable("it holds something else; remove it, or name another file")
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
      return Effect.zipRight(
        files.writeFileString(temporary, content, { mode }),
        files.rename(temporary, path)
      ).pipe(Effect.onError(() =>
        Effect.sync(() => {
          isDirty = true
        })
      ))
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
