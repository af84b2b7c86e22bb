/** The reason why a file cannot be read or written. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { createReadStream } from "node:fs"
import { type CliError, misused } from "./exit.js"

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a folder",
  EISDIR: "it is a folder",
  ERR_FS_EISDIR: "it is a folder",
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  EEXIST: "it exists already",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine does not have this address",
  ENOTFOUND: "the name of the address is not known"
}

/** The error of Node in those that wrap it. */
const findCause = (error: unknown): unknown =>
  Predicate.hasProperty(error, "cause") && error.cause !== undefined ? findCause(error.cause) : error

export const describeFileError = (error: unknown): string => {
  const cause = findCause(error)
  const reason = Predicate.hasProperty(cause, "code") ? reasons[String(cause.code)] : undefined
  return reason ?? (cause instanceof Error ? cause.message : String(cause))
}

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
