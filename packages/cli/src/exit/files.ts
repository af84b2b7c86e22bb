/** The reason why a file cannot be read or written. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
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

/** Reads a file that the command line names. */
export const readText = (path: string): Effect.Effect<string, CliError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(path)).pipe(
    Effect.mapError((error) => misused(`${path} cannot be read: ${describeFileError(error)}`))
  )
