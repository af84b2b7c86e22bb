/** The destination of entries. */
import { FileSystem } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Console, Context, Effect, Layer, Schema } from "effect"
import { Entry } from "./Entry.js"

/** The entry is not in the log. */
export class AppendError extends Schema.TaggedError<AppendError>()("AppendError", { cause: Schema.Defect }) {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the moderation log cannot be written (${why}): see whether its disk is full, and start the bot again`
  }
}

export interface ModerationLog {
  /** Completes when the entry is written. */
  readonly append: (entry: Entry) => Effect.Effect<void, AppendError>
}

export const ModerationLog = Context.GenericTag<ModerationLog>("moderation-log/ModerationLog")

const encode = Schema.encodeSync(Schema.parseJson(Entry))

/** A line of JSON for each entry, at the end of the file. */
export const layerFile = (
  path: string
): Layer.Layer<ModerationLog, PlatformError, FileSystem.FileSystem> =>
  Layer.scoped(
    ModerationLog,
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem.FileSystem
      const file = yield* fileSystem.open(path, { flag: "a" })
      const encoder = new TextEncoder()
      return {
        append: (entry) =>
          Effect.mapError(file.writeAll(encoder.encode(`${encode(entry)}\n`)), (cause) => new AppendError({ cause }))
      }
    })
  )

export const layerConsole: Layer.Layer<ModerationLog> = Layer.succeed(ModerationLog, {
  append: (entry) => Console.log(encode(entry))
})
