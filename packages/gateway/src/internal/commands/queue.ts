/**
 * The queue of commands that wait to be written. It outlives the connections: a command that was not written on one is
 * written on the next. A newer presence replaces the waiting one, and a newer voice state that of its guild.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as ShardError from "../../ShardError.js"
import * as Kind from "./kind.js"
import type { OutgoingCommand } from "./outgoing.js"

/** How a command left the queue: written itself, or replaced by a newer one of its kind that was written. */
export type Outcome = "Written" | "Replaced"

export interface Version {
  readonly command: OutgoingCommand
  readonly onWriting: (() => void) | undefined
  readonly completed: Deferred.Deferred<Outcome, ShardError.SendError>
  /** Takes the command out of the queue that holds it, which is another one after a reshard. */
  withdraw: () => void
}

/** Returns the queues that take a command over, one copy each. */
export type Forward = (command: OutgoingCommand) => ReadonlyArray<CommandQueue>

interface Place extends Kind.Place {
  isWriting: boolean
  /** Oldest first. Only the newest is written; the older ones are kept for the case that it is withdrawn. */
  readonly versions: Array<Version>
}

/** Plain commands and bulk requests have places of their own, so that neither waits for a place of the other. */
interface Lane {
  places: number
  /** Commands that wait for a place, in the order of asking. */
  readonly line: Set<Place>
}

export interface CommandQueue {
  /**
   * Completes once the command, or a newer one that replaced it, was written. While the lane of its kind is full the
   * command waits for a place, in the order of asking; presences and voice states need none. Interruption withdraws the
   * command unless it is being written, and does not affect a newer one. `onWriting` is called before each attempt to write.
   */
  readonly send: (command: OutgoingCommand, onWriting?: () => void) => Effect.Effect<Outcome, ShardError.SendError>
  /** Returns whether there is a command to write. */
  readonly unsafeHasNext: (held?: Kind.Held) => boolean
  /** Returns whether a command waits that a newer one of this kind would replace. */
  readonly unsafeIsWaiting: (kind: Kind.Kind) => boolean
  /** Registers the writer's callback: called now if there is a command, and after each change that leaves one. */
  readonly unsafeSetListener: (listener: (() => void) | undefined) => void
  /** Waits until there is a command that is not held. */
  readonly awaitNext: (held: Kind.Held) => Effect.Effect<void>
  /**
   * Passes the next command that is not held to `write`. If that fails or is interrupted the command keeps its place,
   * because it may not have been sent.
   */
  readonly writeNext: <E, R>(
    held: Kind.Held,
    write: (command: OutgoingCommand) => Effect.Effect<void, E, R>
  ) => Effect.Effect<void, E, R>
  /** Returns the number of places that are taken. */
  readonly unsafeSize: () => number
  /** Fails the waiting commands and later ones. */
  readonly close: (error: ShardError.TerminalError) => Effect.Effect<void>
  /**
   * Passes on the waiting commands and all later ones, also when this queue is closed. A command that is being written stays
   * here, and follows if that fails.
   */
  readonly unsafeForward: (forward: Forward) => void
  /** Takes over a command of another queue. */
  readonly unsafeAdopt: (version: Version) => void
  /** Adds a command without a caller that waits for it. */
  readonly unsafeOffer: (command: OutgoingCommand) => void
  /** Fails as soon as the queue is closed. */
  readonly awaitClosed: Effect.Effect<never, ShardError.SendError>
  readonly unsafeReopen: () => void
  readonly unsafeIsClosed: () => boolean
}

const refusal = (cause: ShardError.TerminalError) => new ShardError.SendError({ reason: "Sending", cause })

const makeVersion = (command: OutgoingCommand, onWriting: (() => void) | undefined): Version => ({
  command,
  onWriting,
  completed: Deferred.unsafeMake(FiberId.none),
  withdraw: () => {}
})

const makeClosing = () => Deferred.unsafeMake<never, ShardError.SendError>(FiberId.none)

const makeLane = (): Lane => ({ places: 0, line: new Set() })

/** `capacity` is the number of places of each lane. */
export const make = (capacity: number): CommandQueue => {
  const lanes = { Plain: makeLane(), Bulk: makeLane() }
  const queue: Array<Place> = []
  const observers = new Set<() => void>()
  let passed = 0
  let closed = Option.none<ShardError.TerminalError>()
  let closing = makeClosing()
  let successor: Forward | undefined
  let listener: (() => void) | undefined

  const laneOf = ({ _tag }: Kind.Kind): Lane | undefined =>
    _tag === "Plain" || _tag === "Bulk" ? lanes[_tag] : undefined

  const hasNext = (held: Kind.Held = Kind.nothingHeld) => Kind.next(queue, held, passed) !== -1

  const notifyWriter = () => {
    if (listener !== undefined && hasNext()) {
      listener()
    }
  }

  const takePlace = (place: Place, lane: Lane | undefined) => {
    queue.push(place)
    if (lane !== undefined) {
      lane.places++
    }
  }

  const removeEmptyPlaces = () => {
    for (let i = queue.length - 1; i >= 0; i--) {
      const place = queue[i]
      if (place !== undefined && place.versions.length === 0 && !place.isWriting) {
        queue.splice(i, 1)
        const lane = laneOf(place.kind)
        if (lane !== undefined) {
          lane.places--
        }
      }
    }
  }

  const admitWaiting = (lane: Lane) => {
    for (const place of lane.line) {
      if (lane.places >= capacity) {
        return
      }
      lane.line.delete(place)
      takePlace(place, lane)
    }
  }

  /** Runs after every change. */
  const settle = () => {
    removeEmptyPlaces()
    admitWaiting(lanes.Plain)
    admitWaiting(lanes.Bulk)
    observers.forEach((observe) => observe())
    notifyWriter()
  }

  const withdraw = (version: Version, place: Place) => {
    laneOf(place.kind)?.line.delete(place)
    // The place of a replaced command is not always the one that it was given.
    for (const { versions } of [place, ...queue]) {
      const index = versions.indexOf(version)
      if (index !== -1) {
        versions.splice(index, 1)
      }
    }
    settle()
  }

  const adopt = (version: Version) => {
    const { kind } = version.command
    const lane = laneOf(kind)
    const older = queue[Kind.replaces(queue, kind)]
    const place: Place = older ?? { kind, isWriting: false, versions: [] }
    place.versions.push(version)
    version.withdraw = () => withdraw(version, place)
    if (lane !== undefined && lane.places >= capacity) {
      lane.line.add(place)
    } else if (older === undefined) {
      takePlace(place, lane)
    }
    settle()
  }

  /** The caller waits for the first copy only. */
  const passOn = (forward: Forward, version: Version) =>
    forward(version.command).forEach((target, i) =>
      i === 0 ? target.unsafeAdopt(version) : target.unsafeOffer(version.command)
    )

  /** Empties the lines, so that nothing is admitted while the queue is being emptied. */
  const takeLines = (): ReadonlyArray<Place> =>
    Object.values(lanes).flatMap(({ line }) => {
      const places = Array.from(line)
      line.clear()
      return places
    })

  const handOver = (forward: Forward) => {
    const waiting = [...queue, ...takeLines()]
    for (const { isWriting, versions } of waiting) {
      if (!isWriting) {
        versions.splice(0).forEach((version) => passOn(forward, version))
      }
    }
    settle()
  }

  const take = (version: Version) => {
    if (successor !== undefined) {
      passOn(successor, version)
    } else if (Option.isSome(closed)) {
      Deferred.unsafeDone(version.completed, Exit.fail(refusal(closed.value)))
    } else {
      adopt(version)
    }
  }

  const written = (place: Place, newest: Version) => {
    place.isWriting = false
    for (const version of place.versions.splice(0)) {
      Deferred.unsafeDone(version.completed, Exit.succeed(version === newest ? "Written" : "Replaced"))
    }
    passed = Kind.passedAfter(queue, place.kind, passed)
    settle()
  }

  const notWritten = (place: Place) => {
    // A newer command of the kind was given a place of its own while this one was being written.
    const newer = queue[Kind.replaces(queue, place.kind)]
    place.isWriting = false
    place.versions.push(...newer?.versions.splice(0) ?? [])
    settle()
  }

  return {
    send: (command, onWriting) =>
      Effect.uninterruptibleMask((restore) => {
        const version = makeVersion(command, onWriting)
        take(version)
        return Effect.onInterrupt(
          restore(Deferred.await(version.completed)),
          () => Effect.sync(() => version.withdraw())
        )
      }),
    unsafeHasNext: hasNext,
    unsafeIsWaiting: (kind) => Kind.replaces(queue, kind) !== -1,
    unsafeSetListener: (next) => {
      listener = next
      notifyWriter()
    },
    awaitNext: (held) =>
      Effect.async<void>((resume) => {
        const observe = () => {
          if (hasNext(held)) {
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
    writeNext: (held, write) =>
      Effect.uninterruptibleMask((restore) => {
        const place = queue[Kind.next(queue, held, passed)]
        const version = place?.versions.at(-1)
        if (place === undefined || version === undefined) {
          return Effect.void
        }
        place.isWriting = true
        version.onWriting?.()
        return Effect.onExit(restore(write(version.command)), (exit) =>
          Effect.sync(() => Exit.isSuccess(exit) ? written(place, version) : notWritten(place)))
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
        for (const { versions } of [...queue, ...takeLines()]) {
          versions.splice(0).forEach(({ completed }) => Deferred.unsafeDone(completed, exit))
        }
        settle()
      }),
    unsafeForward: (forward) => {
      successor = forward
      handOver(forward)
    },
    unsafeAdopt: take,
    unsafeOffer: (command) => take(makeVersion(command, undefined)),
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
