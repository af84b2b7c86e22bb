/**
 * The bounded queue of commands. It outlives connections: a command that was not written on one is written on the next. A
 * newer presence replaces the waiting one, and a newer voice state that of its guild.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as ShardError from "../../ShardError.js"
import type * as Kind from "./kind.js"
import * as Order from "./order.js"
import type { OutgoingCommand } from "./outgoingMessage.js"

/** The result of sending a command: it was written, or a newer one of its kind was written instead. */
export type SendResult = "Written" | "Replaced"

/** One command of a caller. */
export interface Version {
  readonly command: OutgoingCommand
  readonly onWriting: (() => void) | undefined
  readonly completed: Deferred.Deferred<SendResult, ShardError.SendError>
  /** Removes the command from its current queue, which is another one after a reshard. */
  withdraw: () => void
}

/** Returns the queues that receive a copy of a forwarded command. */
export type ForwardRoute = (command: OutgoingCommand) => ReadonlyArray<CommandQueue>

interface QueueSlot extends Order.Queued {
  isWriting: boolean
  /** Oldest first. Only the newest is written; if it is withdrawn, the one before it is. */
  readonly versions: Array<Version>
}

export interface CommandQueue {
  /**
   * Completes when the command, or a newer one that replaced it, was written. While the queue is full for its kind, the
   * command waits for a slot, in order; presences and voice states need none. Interruption withdraws the command unless it is
   * being written, and does not affect a newer one. `onWriting` is called before each attempt to write.
   */
  readonly send: (command: OutgoingCommand, onWriting?: () => void) => Effect.Effect<SendResult, ShardError.SendError>
  /** Checks for a command of a kind that is not limited. */
  readonly unsafeHasNext: (limited?: Order.Limited) => boolean
  /** Checks for a waiting command that a newer one of this kind would replace. */
  readonly unsafeIsWaiting: (kind: Kind.CommandKind) => boolean
  /** Registers the callback of the writer: called now and after each change, if a command waits. */
  readonly unsafeSetListener: (listener: (() => void) | undefined) => void
  /** Waits for a command of a kind that is not limited. */
  readonly awaitNext: (limited: Order.Limited) => Effect.Effect<void>
  /**
   * Passes the next command of a kind that is not limited to `write`. If `write` fails or is interrupted, the command keeps
   * its slot, because it may not have been sent.
   */
  readonly writeNext: <E, R>(
    limited: Order.Limited,
    write: (command: OutgoingCommand) => Effect.Effect<void, E, R>
  ) => Effect.Effect<void, E, R>
  /** Returns the number of occupied slots. */
  readonly unsafeSize: () => number
  /** Fails waiting and later commands. */
  readonly close: (error: ShardError.TerminalError) => Effect.Effect<void>
  /**
   * Forwards waiting and later commands to other queues, even after this queue was closed. A command that is being written is
   * forwarded if the write fails.
   */
  readonly unsafeForward: (route: ForwardRoute) => void
  /** Adds a command that another queue forwarded. */
  readonly unsafeAdopt: (version: Version) => void
  /** Adds a command without waiting for it. */
  readonly unsafeOffer: (command: OutgoingCommand) => void
  /** Fails when the queue is closed. */
  readonly awaitClosed: Effect.Effect<never, ShardError.SendError>
  readonly unsafeReopen: () => void
  readonly unsafeIsClosed: () => boolean
}

const closedError = (cause: ShardError.TerminalError) => new ShardError.SendError({ reason: "Sending", cause })

const makeVersion = (command: OutgoingCommand, onWriting: (() => void) | undefined): Version => ({
  command,
  onWriting,
  completed: Deferred.unsafeMake(FiberId.none),
  withdraw: () => {}
})

const makeClosing = () => Deferred.unsafeMake<never, ShardError.SendError>(FiberId.none)

/** Makes a queue with `capacity` slots for plain commands, and as many for bulk requests. */
export const make = (capacity: number): CommandQueue => {
  let queue: ReadonlyArray<QueueSlot> = []
  // Commands that wait for a slot, in order. Plain commands never wait for a slot of bulk requests, nor the reverse.
  const waiting = { Plain: new Set<QueueSlot>(), Bulk: new Set<QueueSlot>() }
  const observers = new Set<() => void>()
  let passed = 0
  let closed = Option.none<ShardError.TerminalError>()
  let closing = makeClosing()
  let successor: ForwardRoute | undefined
  let listener: (() => void) | undefined

  /** Returns the commands that wait behind those of a kind with a capacity. */
  const waitingBehind = ({ _tag }: Kind.CommandKind): Set<QueueSlot> | undefined =>
    _tag === "Plain" || _tag === "Bulk" ? waiting[_tag] : undefined

  const isFull = (tag: Kind.CommandKind["_tag"]) => queue.filter(({ kind }) => kind._tag === tag).length >= capacity

  const hasNext = (limited: Order.Limited = Order.noneLimited) => Order.indexOfNext(queue, limited, passed) !== -1

  const notifyWriter = () => {
    if (listener !== undefined && hasNext()) {
      listener()
    }
  }

  const admitWaiting = (tag: "Plain" | "Bulk") => {
    for (const slot of waiting[tag]) {
      if (isFull(tag)) {
        return
      }
      waiting[tag].delete(slot)
      queue = [...queue, slot]
    }
  }

  /** Runs after every change. */
  const afterChange = () => {
    queue = queue.filter(({ isWriting, versions }) => isWriting || versions.length > 0)
    admitWaiting("Plain")
    admitWaiting("Bulk")
    observers.forEach((observe) => observe())
    notifyWriter()
  }

  const withdraw = (version: Version, slot: QueueSlot) => {
    waitingBehind(slot.kind)?.delete(slot)
    // A replaced command may have moved to another slot.
    for (const { versions } of [slot, ...queue]) {
      const index = versions.indexOf(version)
      if (index !== -1) {
        versions.splice(index, 1)
      }
    }
    afterChange()
  }

  const adopt = (version: Version) => {
    const { kind } = version.command
    const behind = waitingBehind(kind)
    const older = queue[Order.indexOfReplaced(queue, kind)]
    const slot: QueueSlot = older ?? { kind, isWriting: false, versions: [] }
    slot.versions.push(version)
    version.withdraw = () => withdraw(version, slot)
    if (behind !== undefined && isFull(kind._tag)) {
      behind.add(slot)
    } else if (older === undefined) {
      queue = [...queue, slot]
    }
    afterChange()
  }

  /** Forwards a command. The caller waits for the first copy only. */
  const send = (route: ForwardRoute, version: Version) =>
    route(version.command).forEach((target, i) =>
      i === 0 ? target.unsafeAdopt(version) : target.unsafeOffer(version.command)
    )

  /** Returns all slots, and clears the waiting ones so that none is admitted while the queue is emptied. */
  const drainSlots = (): ReadonlyArray<QueueSlot> => {
    const slots = [...queue, ...waiting.Plain, ...waiting.Bulk]
    waiting.Plain.clear()
    waiting.Bulk.clear()
    return slots
  }

  const forwardAll = (route: ForwardRoute) => {
    for (const { isWriting, versions } of drainSlots()) {
      if (!isWriting) {
        versions.splice(0).forEach((version) => send(route, version))
      }
    }
    afterChange()
  }

  const accept = (version: Version) => {
    if (successor !== undefined) {
      send(successor, version)
    } else if (Option.isSome(closed)) {
      Deferred.unsafeDone(version.completed, Exit.fail(closedError(closed.value)))
    } else {
      adopt(version)
    }
  }

  const onWritten = (slot: QueueSlot, newest: Version) => {
    slot.isWriting = false
    for (const version of slot.versions.splice(0)) {
      Deferred.unsafeDone(version.completed, Exit.succeed(version === newest ? "Written" : "Replaced"))
    }
    passed = Order.countPassed(queue, slot.kind, passed)
    afterChange()
  }

  const onNotWritten = (slot: QueueSlot) => {
    // A newer command of the kind was added in its own slot while this one was being written.
    const newer = queue[Order.indexOfReplaced(queue, slot.kind)]
    slot.isWriting = false
    slot.versions.push(...newer?.versions.splice(0) ?? [])
    afterChange()
  }

  return {
    send: (command, onWriting) =>
      Effect.uninterruptibleMask((restore) => {
        const version = makeVersion(command, onWriting)
        accept(version)
        return Effect.onInterrupt(
          restore(Deferred.await(version.completed)),
          () => Effect.sync(() => version.withdraw())
        )
      }),
    unsafeHasNext: hasNext,
    unsafeIsWaiting: (kind) => Order.indexOfReplaced(queue, kind) !== -1,
    unsafeSetListener: (next) => {
      listener = next
      notifyWriter()
    },
    awaitNext: (limited) =>
      Effect.async<void>((resume) => {
        const observe = () => {
          if (hasNext(limited)) {
            observers.delete(observe)
            resume(Effect.void)
          }
        }
        observers.add(observe)
        observe()
        return Effect.sync(() => {
          observers.delete(observe)
        })
      }),
    writeNext: (limited, write) =>
      Effect.uninterruptibleMask((restore) => {
        const slot = queue[Order.indexOfNext(queue, limited, passed)]
        const version = slot?.versions.at(-1)
        if (slot === undefined || version === undefined) {
          return Effect.void
        }
        slot.isWriting = true
        version.onWriting?.()
        return Effect.onExit(restore(write(version.command)), (exit) =>
          Effect.sync(() => Exit.isSuccess(exit) ? onWritten(slot, version) : onNotWritten(slot)))
      }),
    unsafeSize: () => queue.length,
    close: (error) =>
      Effect.sync(() => {
        const exit = Exit.fail(closedError(error))
        closed = Option.some(error)
        Deferred.unsafeDone(closing, exit)
        if (successor !== undefined) {
          forwardAll(successor)
        }
        for (const { versions } of drainSlots()) {
          versions.splice(0).forEach(({ completed }) => Deferred.unsafeDone(completed, exit))
        }
        afterChange()
      }),
    unsafeForward: (route) => {
      successor = route
      forwardAll(route)
    },
    unsafeAdopt: accept,
    unsafeOffer: (command) => accept(makeVersion(command, undefined)),
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
