/** A file of compressed lines. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createReadStream, createWriteStream } from "node:fs"
import * as Readline from "node:readline"
import type { Readable } from "node:stream"
import { finished } from "node:stream/promises"
import * as Zlib from "node:zlib"
import { CliError } from "../CliError.js"
import { reasonOf } from "./files.js"

export interface Recorder {
  /** Completes when the line was taken: a slow disk slows the shards down. */
  readonly write: (line: string) => Effect.Effect<void, CliError>
}

const newline = 10

/** How much is lost at most if the process is killed. */
const flushInterval = "2 seconds"

/** Writes until the scope closes; then the file is whole. Never writes over a file. */
export const make = (path: string): Effect.Effect<Recorder, CliError, Scope.Scope> =>
  Effect.gen(function*() {
    const failed = (cause: unknown) => new CliError({ message: `${path} cannot be written: ${reasonOf(cause)}` })
    const file = yield* Effect.async<ReturnType<typeof createWriteStream>, CliError>((resume) => {
      const stream = createWriteStream(path, { flags: "wx", mode: 0o600 })
      stream.once("open", () => resume(Effect.succeed(stream)))
      stream.once("error", (cause) => resume(Effect.fail(failed(cause))))
    })
    const gzip = Zlib.createGzip()
    // What goes wrong with the file is told by the writes.
    file.on("error", (cause) => gzip.destroy(cause))
    gzip.on("error", () => {})
    gzip.pipe(file)
    yield* Effect.addFinalizer(() =>
      Effect.ignore(Effect.tryPromise(() => {
        gzip.end()
        return finished(file)
      }))
    )
    yield* Effect.forkScoped(Effect.forever(
      Effect.zipRight(Effect.sleep(flushInterval), Effect.sync(() => gzip.flush()))
    ))
    return {
      write: (line) =>
        Effect.async((resume) => {
          gzip.write(`${line}\n`, (cause) => resume(cause ? Effect.fail(failed(cause)) : Effect.void))
        })
    }
  })

/**
 * The lines of such a file, or of one that is not compressed. A file that was cut off by the end of its process gives
 * the lines that are whole.
 */
export async function* read(path: string): AsyncGenerator<string> {
  const file = createReadStream(path)
  const gunzip = Zlib.createGunzip({ finishFlush: Zlib.constants.Z_SYNC_FLUSH })
  const content: Readable = path.endsWith(".gz") ? file.pipe(gunzip) : file
  file.on("error", (cause) => content.destroy(cause))
  const problem = finished(content).then(() => undefined, (cause: unknown) => cause)
  let isWhole = true
  content.on("data", (data: Buffer) => {
    isWhole = data.at(-1) === newline
  })
  let held: string | undefined
  for await (const line of Readline.createInterface({ input: content, crlfDelay: Infinity })) {
    if (held !== undefined) {
      yield held
    }
    held = line
  }
  if (held !== undefined && isWhole) {
    yield held
  }
  const cause = await problem
  if (cause !== undefined) {
    throw cause
  }
}
