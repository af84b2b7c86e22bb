/** A `KeyValueStore` in one file of JSON: the sessions of `--resume-file`. */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { dirname } from "node:path"
import { type CliError, describeFileError, failed } from "../exit/index.js"

const Content = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

/** A file of sessions. */
export interface SessionFile {
  readonly store: KeyValueStore.KeyValueStore
  /** The problem of the last write, if it failed. */
  readonly problem: Effect.Effect<Option.Option<string>>
}

/** A session is useless without the token. Still other users cannot read it. */
const mode = 0o600

/**
 * Reads the file, if it exists. Fails if its folder cannot be written to. Each change replaces it in one step, so that a
 * crash leaves either the old or the new one. Changes during a write share the next write.
 */
export const make = (path: string): Effect.Effect<SessionFile, CliError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const unreadable = (why: string) => failed(`${path} cannot be used for sessions: ${why}`)
    const text = yield* files.readFileString(path).pipe(
      Effect.asSome,
      Effect.catchTag("SystemError", (error) => error.reason === "NotFound" ? Effect.succeedNone : error),
      Effect.zipLeft(files.access(dirname(path), { writable: true })),
      Effect.mapError((error) => unreadable(describeFileError(error)))
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
    let problem = Option.none<string>()

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
        Effect.onError(() => Effect.ignore(files.remove(temporary, { force: true }))),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            isDirty = isDirty || Exit.isFailure(exit)
            problem = Exit.match(exit, {
              onSuccess: () => Option.none(),
              onFailure: (cause) =>
                Option.some(`${temporary} cannot be written: ${describeFileError(Cause.squash(cause))}`)
            })
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

    const store = KeyValueStore.makeStringOnly({
      get: (key) => Effect.sync(() => Option.fromNullable(values.get(key))),
      set: (key, value) => change(() => values.set(key, value)),
      remove: (key) => change(() => values.delete(key)),
      clear: change(() => values.clear()),
      size: Effect.sync(() => values.size)
    })
    return { store, problem: Effect.sync(() => problem) }
  })
