/**
 * Commands that wait to be written. It outlives the connections: what was not written on one goes out on the next, in
 * the order in which it was given.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as ShardError from "../ShardError.js"

interface Waiting {
  readonly text: string
  readonly written: Deferred.Deferred<void, ShardError.SendError>
}

export interface CommandQueue {
  /**
   * Completes once the command was written. While the queue is full it waits for a place. Interrupting it takes the
   * command out again, unless it is being written just then.
   */
  readonly send: (text: string) => Effect.Effect<void, ShardError.SendError>
  /** Waits until there is a command. */
  readonly awaitCommand: Effect.Effect<void>
  /**
   * Hands the first command to `write`. If that fails or is interrupted the command keeps its place, for it may not
   * have been sent.
   */
  readonly writeNext: <E, R>(write: (text: string) => Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
  readonly unsafeSize: () => number
  /** Fails what waits and what comes. */
  readonly close: (error: ShardError.TerminalError) => Effect.Effect<void>
  readonly unsafeReopen: () => void
  readonly unsafeIsClosed: () => boolean
}

export const make = (capacity: number): CommandQueue => {
  const places = Effect.unsafeMakeSemaphore(capacity)
  const available = Effect.unsafeMakeLatch(false)
  const waiting: Array<Waiting> = []
  let closed = Option.none<ShardError.TerminalError>()

  const remove = (command: Waiting) => {
    const index = waiting.indexOf(command)
    if (index !== -1) {
      waiting.splice(index, 1)
    }
    if (waiting.length === 0) {
      available.unsafeClose()
    }
  }

  const refusal = (cause: ShardError.TerminalError) => new ShardError.SendError({ reason: "Sending", cause })

  const enqueue = (text: string): Effect.Effect<void, ShardError.SendError> =>
    Effect.suspend(() => {
      if (Option.isSome(closed)) {
        return Effect.fail(refusal(closed.value))
      }
      const command: Waiting = { text, written: Deferred.unsafeMake(FiberId.none) }
      waiting.push(command)
      available.unsafeOpen()
      return Effect.onInterrupt(Deferred.await(command.written), () => Effect.sync(() => remove(command)))
    })

  return {
    send: (text) => places.withPermits(1)(enqueue(text)),
    awaitCommand: available.await,
    writeNext: (write) =>
      Effect.uninterruptibleMask((restore) => {
        const command = waiting[0]
        return command === undefined ? Effect.void : Effect.zipRight(
          restore(write(command.text)),
          Effect.suspend(() => {
            remove(command)
            return Deferred.succeed(command.written, void 0)
          })
        )
      }),
    unsafeSize: () => waiting.length,
    close: (error) =>
      Effect.suspend(() => {
        closed = Option.some(error)
        const failed = waiting.splice(0)
        available.unsafeClose()
        return Effect.forEach(failed, ({ written }) => Deferred.fail(written, refusal(error)), { discard: true })
      }),
    unsafeReopen: () => {
      closed = Option.none()
    },
    unsafeIsClosed: () => Option.isSome(closed)
  }
}
