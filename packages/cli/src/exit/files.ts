/** The reason why a file cannot be read or written. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { createReadStream } from "node:fs"
import { type CliError, misused } from "./exit.js"

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  EEXIST: "it exists already",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only"
}

const errorCode = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string"
    ? error.code
    // @effect/platform wraps Node's error.
    : Predicate.hasProperty(error, "cause")
    ? errorCode(error.cause)
    : undefined

export const describeFileError = (error: unknown): string =>
  reasons[errorCode(error) ?? ""] ?? (error instanceof Error ? error.message : String(error))

/** In characters. A device may have no end. */
const maxText = 2 ** 24

/** Reads a file that the command line names. */
export const readText = (path: string): Effect.Effect<string, CliError> =>
  Effect.tryPromise({
    try: async () => {
      let text = ""
      for await (const part of createReadStream(path, "utf8")) {
        text += String(part)
        if (text.length > maxText) {
          throw new Error("it is too long")
        }
      }
      return text
    },
    catch: (error) => misused(`${path} cannot be read: ${describeFileError(error)}`)
  })
