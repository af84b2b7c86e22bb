/**
 * Commands that wait to be written. It outlives the connections: what was not written on one goes out on the next, in
 * the order in which it was given. A newer presence takes the place of the one that waits, and a newer voice state that
 * of its guild's.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as ShardError from "../ShardError.js"
import * as CommandKind from "./commandKind.js"

/** How a command left the queue: written itself, or with a newer one of its kind written in its stead. */
export type Outcome = "Written" | "Replaced"

export interface Version {
  readonly text: string
  readonly onWriting: (() => void) | undefined
  readonly left: Deferred.Deferred<Outcome, ShardError.SendError>
  /** Takes it out of the queue that it is in, which need not be the one that it was given to. */
  withdraw: () => void
}

/** Where commands go instead, one copy to each. */
export type Forward = (text: string) => ReadonlyArray<CommandQueue>

interface Waiting extends CommandKind.Place {
  isWriting: boolean
  /** Oldest first. Only the newest is written; the others are there for the case that it is taken back. */
  readonly versions: Array<Version>
}

export interface CommandQueue {
  /**
   * Completes once the command, or a newer one that took its place, was written. While the queue is full it waits for
   * a place, unless there is never more than one of its kind. Interrupting it takes the command out again, unless it
   * is being written just then, and leaves a newer one alone. `onWriting` is called just before it is written.
   */
  readonly send: (
    text: string,
    kind: CommandKind.Kind,
    onWriting?: () => void
  ) => Effect.Effect<Outcome, ShardError.SendError>
  /** Whether there is a command to be written. */
  readonly unsafeHasNext: () => boolean
  /** Whether a command of a kind of which only the newest counts waits to be written. */
  readonly unsafeIsWaiting: (kind: CommandKind.Kind) => boolean
  /** Called when there is one, now or later, and each time that this changes. For the one who writes. */
  readonly unsafeSetListener: (listener: (() => void) | undefined) => void
  /** Waits until there is a command that is no presence. */
  readonly awaitOther: Effect.Effect<void>
  /**
   * Hands the first command to `write`, presences left out if they are held. If that fails or is interrupted the
   * command keeps its place, for it may not have been sent.
   */
  readonly writeNext: <E, R>(
    arePresencesHeld: boolean,
    write: (text: string, kind: CommandKind.Kind) => Effect.Effect<void, E, R>
  ) => Effect.Effect<void, E, R>
  readonly unsafeSize: () => number
  /** Fails what waits and what comes. */
  readonly close: (error: ShardError.TerminalError) => Effect.Effect<void>
  /**
   * Hands over what waits, and all that is given to this queue later, closed or not. What is being written goes its way
   * here, and follows if that fails.
   */
  readonly unsafeForward: (forward: Forward) => void
  /** Takes in a command of another queue, without regard to how many wait. */
  readonly unsafeAdopt: (kind: CommandKind.Kind, version: Version) => void
  /** Takes in a command that nobody waits for, without regard to how many wait. */
  readonly unsafeOffer: (kind: CommandKind.Kind, text: string) => void
  /** Fails as soon as the queue is closed. */
  readonly awaitClosed: Effect.Effect<never, ShardError.SendError>
  readonly unsafeReopen: () => void
  readonly unsafeIsClosed: () => boolean
}

const refusal = (cause: ShardError.TerminalError) => new ShardError.SendError({ reason: "Sending", cause })

const makeVersion = (text: string, onWriting: (() => void) | undefined): Version => ({
  text,
  onWriting,
  left: Deferred.unsafeMake(FiberId.none),
  withdraw: () => {}
})

const makeClosing = () => Deferred.unsafeMake<never, ShardError.SendError>(FiberId.none)

export const make = (capacity: number): CommandQueue => {
  const places = Effect.unsafeMakeSemaphore(capacity)
  const othersAvailable = Effect.unsafeMakeLatch(false)
  const queue: Array<Waiting> = []
  let closed = Option.none<ShardError.TerminalError>()
  let closing = makeClosing()
  let successor: Forward | undefined
  let listener: (() => void) | undefined

  const hasNext = () => CommandKind.next(queue, false) !== -1

  const tellListener = () => {
    if (listener !== undefined && hasNext()) {
      listener()
    }
  }

  /** After every change: forgets places that stand for nothing any more, and tells the writer what there is. */
  const settle = () => {
    for (let i = queue.length - 1; i >= 0; i--) {
      const waiting = queue[i]
      if (waiting !== undefined && waiting.versions.length === 0 && !waiting.isWriting) {
        queue.splice(i, 1)
      }
    }
    setLatch(othersAvailable, CommandKind.next(queue, true) !== -1)
    tellListener()
  }

  const withdraw = (version: Version) => {
    for (const { versions } of queue) {
      const index = versions.indexOf(version)
      if (index !== -1) {
        versions.splice(index, 1)
      }
    }
    settle()
  }

  const adopt = (kind: CommandKind.Kind, version: Version) => {
    version.withdraw = () => withdraw(version)
    const older = queue[CommandKind.takesOver(queue, kind)]
    if (older === undefined) {
      queue.push({ kind, isWriting: false, versions: [version] })
    } else {
      older.versions.push(version)
    }
    settle()
  }

  /** The first that takes it answers for it; the others have copies that nobody waits for. */
  const passOn = (forward: Forward, kind: CommandKind.Kind, version: Version) =>
    forward(version.text).forEach((target, i) =>
      i === 0 ? target.unsafeAdopt(kind, version) : target.unsafeOffer(kind, version.text)
    )

  const handOver = (forward: Forward) => {
    for (const { isWriting, kind, versions } of queue) {
      if (!isWriting) {
        versions.splice(0).forEach((version) => passOn(forward, kind, version))
      }
    }
    settle()
  }

  const take = (kind: CommandKind.Kind, version: Version) => {
    if (Option.isSome(closed) && successor === undefined) {
      Deferred.unsafeDone(version.left, Exit.fail(refusal(closed.value)))
    } else if (successor === undefined) {
      adopt(kind, version)
    } else {
      passOn(successor, kind, version)
    }
  }

  const enqueue = (
    text: string,
    kind: CommandKind.Kind,
    onWriting: (() => void) | undefined
  ): Effect.Effect<Outcome, ShardError.SendError> =>
    Effect.uninterruptibleMask((restore) => {
      const version = makeVersion(text, onWriting)
      take(kind, version)
      return Effect.onInterrupt(restore(Deferred.await(version.left)), () => Effect.sync(() => version.withdraw()))
    })

  const written = (waiting: Waiting, newest: Version) => {
    waiting.isWriting = false
    for (const version of waiting.versions.splice(0)) {
      Deferred.unsafeDone(version.left, Exit.succeed(version === newest ? "Written" : "Replaced"))
    }
    settle()
  }

  const notWritten = (waiting: Waiting) => {
    // One that came while this was being written has a place of its own, and now takes over this one.
    const newer = queue[CommandKind.takesOver(queue, waiting.kind)]
    waiting.isWriting = false
    waiting.versions.push(...newer?.versions.splice(0) ?? [])
    settle()
  }

  return {
    send: (text, kind, onWriting) => {
      const enqueued = enqueue(text, kind, onWriting)
      return CommandKind.isState(kind) ? enqueued : places.withPermits(1)(enqueued)
    },
    unsafeHasNext: hasNext,
    unsafeIsWaiting: (kind) => CommandKind.takesOver(queue, kind) !== -1,
    unsafeSetListener: (next) => {
      listener = next
      tellListener()
    },
    awaitOther: othersAvailable.await,
    writeNext: (arePresencesHeld, write) =>
      Effect.uninterruptibleMask((restore) => {
        const waiting = queue[CommandKind.next(queue, arePresencesHeld)]
        const version = waiting?.versions.at(-1)
        if (waiting === undefined || version === undefined) {
          return Effect.void
        }
        waiting.isWriting = true
        version.onWriting?.()
        return Effect.onExit(restore(write(version.text, waiting.kind)), (exit) =>
          Effect.sync(() => Exit.isSuccess(exit) ? written(waiting, version) : notWritten(waiting)))
      }),
    unsafeSize: () => queue.length,
    close: (error) =>
      Effect.sync(() => {
        const exit = Exit.fail(refusal(error))
        closed = Option.some(error)
        Deferred.unsafeDone(closing, exit)
        if (successor !== undefined) {
          handOver(successor)
        }
        for (const { versions } of queue.splice(0)) {
          versions.forEach(({ left }) => Deferred.unsafeDone(left, exit))
        }
        settle()
      }),
    unsafeForward: (forward) => {
      successor = forward
      handOver(forward)
    },
    unsafeAdopt: take,
    unsafeOffer: (kind, text) => take(kind, makeVersion(text, undefined)),
    awaitClosed: Effect.suspend(() => Deferred.await(closing)),
    unsafeReopen: () => {
      if (Option.isSome(closed)) {
        closed = Option.none()
        closing = makeClosing()
      }
    },
    unsafeIsClosed: () => Option.isSome(closed)
  }
}

const setLatch = (latch: Effect.Latch, isOpen: boolean) => {
  if (isOpen) {
    latch.unsafeOpen()
  } else {
    latch.unsafeClose()
  }
}
