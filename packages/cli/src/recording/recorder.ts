/** A file of compressed lines. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createReadStream, createWriteStream } from "node:fs"
import type { Readable } from "node:stream"
import { finished } from "node:stream/promises"
import * as Zlib from "node:zlib"
import { type CliError, describeFileError, ExitCode, failed, noteExitCode } from "../exit/index.js"

export interface Recorder {
  /** Completes when the line was written to the compressor: a slow disk slows the shards down. */
  readonly write: (line: string) => Effect.Effect<void, CliError>
}

const newline = 10

/** The most that a killed process loses. */
const flushInterval = "2 seconds"

/** Creates a file, which must not exist. It is complete when the scope has closed. */
export const make = (path: string): Effect.Effect<Recorder, CliError, Scope.Scope> =>
  Effect.gen(function*() {
    const unwritable = (cause: unknown) => failed(`${path} cannot be written: ${describeFileError(cause)}`)
    const file = yield* Effect.async<ReturnType<typeof createWriteStream>, CliError>((resume) => {
      const stream = createWriteStream(path, { flags: "wx", mode: 0o600 })
      stream.once("open", () => resume(Effect.succeed(stream)))
      stream.once("error", (cause) => resume(Effect.fail(unwritable(cause))))
    })
    const gzip = Zlib.createGzip()
    // A failure of the file fails the next write.
    let problem: unknown
    file.on("error", (cause) => {
      problem = cause
      gzip.destroy(cause)
    })
    gzip.on("error", () => {})
    gzip.pipe(file)
    let isReported = false
    yield* Effect.addFinalizer(() =>
      Effect.tryPromise(() => {
        gzip.end()
        return finished(file)
      }).pipe(Effect.catchAll(() =>
        isReported || problem === undefined
          ? Effect.void
          : Effect.zipRight(Console.error(`vesper: ${unwritable(problem).message}`), noteExitCode(ExitCode.failed))
      ))
    )
    yield* Effect.forkScoped(Effect.forever(
      Effect.zipRight(Effect.sleep(flushInterval), Effect.sync(() => gzip.flush()))
    ))
    return {
      write: (line) =>
        Effect.async((resume) => {
          gzip.write(`${line}\n`, (cause) => {
            isReported = isReported || Boolean(cause)
            resume(cause ? Effect.fail(unwritable(problem ?? cause)) : Effect.void)
          })
        })
    }
  })

/** The length of the content in the last bytes of a file of gzip, modulo 2^32. */
const lengthBytes = 4

/** In bytes. An event of Discord's has less, and a longer line could not become a text. */
const maxLine = 64 * 2 ** 20

/** Divides bytes into lines. Returns false if the last one is incomplete. */
async function* splitLines(content: AsyncIterable<Buffer>): AsyncGenerator<string, boolean> {
  let line: Array<Buffer> = []
  let [length, number] = [0, 1]
  for await (const data of content) {
    for (let start = 0; start < data.length;) {
      const end = data.indexOf(newline, start)
      const piece = data.subarray(start, end === -1 ? undefined : end)
      length += piece.length
      if (length > maxLine) {
        throw new Error(`line ${number} is too long`)
      }
      line.push(piece)
      start += piece.length + 1
      if (end !== -1) {
        yield Buffer.concat(line).toString().replace(/\r$/, "")
        line = []
        length = 0
        number++
      }
    }
  }
  return length === 0
}

/**
 * Reads the lines of such a file, compressed or not. An incomplete last line of a file that was cut off is left out, and
 * `onCut` is called.
 */
export async function* read(path: string, onCut: () => void = () => {}): AsyncGenerator<string> {
  const file = createReadStream(path)
  const isCompressed = path.endsWith(".gz")
  const content: Readable = isCompressed
    ? file.pipe(Zlib.createGunzip({ finishFlush: Zlib.constants.Z_SYNC_FLUSH }))
    : file
  file.on("error", (cause) => content.destroy(cause))
  let end = Buffer.alloc(0)
  // A stream of files without an encoding has buffers.
  file.on("data", (data) => {
    end = Buffer.concat([end, Buffer.from(data).subarray(-lengthBytes)]).subarray(-lengthBytes)
  })
  let length = 0
  content.on("data", (data: Buffer) => {
    length += data.length
  })
  try {
    const isComplete = yield* splitLines(content)
    const isWhole = !isCompressed || (end.length === lengthBytes && end.readUInt32LE() === length % 2 ** 32)
    if (!isComplete || !isWhole) {
      onCut()
    }
  } finally {
    file.destroy()
  }
}
