/**
 * Starts the workers with one identify queue, and restarts workers that died. When its scope closes, it
 * stops the workers and waits until they have saved their sessions.
 */
import { Command, type CommandExecutor, HttpServer } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import type { IdentifyQueue } from "@vesper/gateway"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import { Effect, Fiber, Schedule, Stream } from "effect"

export interface Options {
  /** The program of a worker. */
  readonly command: Command.Command
  readonly workers: number
  /** Shards in all; worker `n` has every shard whose id is `n` modulo the number of workers. */
  readonly total: number
  /** A folder for the sessions, so that a worker that starts again resumes. */
  readonly sessions: string
  /** Additional environment variables of the workers. */
  readonly environment: Readonly<Record<string, string>>
  /** Gets each line that a worker writes. */
  readonly tell: (worker: number, line: string) => Effect.Effect<unknown>
}

/** A worker that dies at once must not be started without end in one second. */
const pause = Schedule.spaced("1 second")

/** Runs a worker until it ends, and says how that was. */
const runOnce = (options: Options, worker: number, queueUrl: string) =>
  Effect.scoped(Effect.gen(function*() {
    const running = yield* options.command.pipe(
      Command.env({
        ...options.environment,
        WORKER: String(worker),
        WORKERS: String(options.workers),
        SHARDS: String(options.total),
        SESSIONS: options.sessions,
        QUEUE_URL: queueUrl
      }),
      Command.stderr("inherit"),
      Command.start
    )
    const lines = Stream.splitLines(Stream.decodeText(running.stdout))
    // Read to the end, because a process that writes to a closed pipe dies with its sessions unsaved.
    const reading = yield* Effect.fork(
      Effect.uninterruptible(Stream.runForEach(lines, (line) => options.tell(worker, line)))
    )
    yield* Effect.onInterrupt(Fiber.join(reading), () =>
      Effect.zipRight(Effect.ignore(running.kill()), Fiber.await(reading)))
    // Without a code, a signal has ended it.
    const code = yield* Effect.option(running.exitCode)
    yield* options.tell(worker, code._tag === "None" ? "was killed" : `ended with code ${code.value}`)
  }))

/** Never ends by itself. Fails if a worker cannot even be started. */
export const run = (
  options: Options
): Effect.Effect<
  never,
  PlatformError,
  CommandExecutor.CommandExecutor | HttpServer.HttpServer | IdentifyQueue.IdentifyQueue
> =>
  Effect.scoped(Effect.gen(function*() {
    yield* HttpServer.serveEffect(IdentifyQueueServer.httpApp)
    const queueUrl = yield* HttpServer.addressFormattedWith(Effect.succeed)
    yield* Effect.forEach(
      Array.from({ length: options.workers }, (_, worker) => worker),
      (worker) => Effect.repeat(runOnce(options, worker, queueUrl), pause),
      { concurrency: "unbounded", discard: true }
    )
    return yield* Effect.never
  }))
