/**
 * The bounded buffer between the socket's callback, which fills it synchronously, and the fibers that read from it.
 *
 * `Mailbox` comes close, but a bounded one refuses what does not fit: here the socket is paused instead, and what was
 * already on the way must still get in. It cannot be opened again after its end either.
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import type * as ShardError from "../ShardError.js"

/** An event, and the session that it belongs to: only that one can bring it again. */
export interface Dispatched {
  readonly _tag: "Dispatch"
  readonly t: string
  readonly s: number
  /** The body alone, or the whole payload where it does not look as Discord writes it. */
  readonly text: string
  readonly isBody: boolean
  readonly session: LiveSession
}

/** The payload as it came over the wire. What stands before a body is always written in the same way. */
export const payloadOf = ({ isBody, s, t, text }: Dispatched): string =>
  isBody ? `{"t":"${t}","s":${s},"op":0,"d":${text}}` : text

/** A session whose sequence moves on. */
export interface LiveSession {
  readonly id: string
  readonly resumeUrl: string | undefined
  /** The number of READY, or the one that an earlier process ended with: nothing before it can be brought again. */
  readonly since: number
  /** The number of the last event that was received. */
  sequence: number
}

/** What waits to be read, in the order in which it happened. */
export type Item =
  | Dispatched
  | { readonly _tag: "Control"; readonly text: string }
  | { readonly _tag: "Close"; readonly frame: Option.Option<CloseFrame.CloseFrame> }
  | { readonly _tag: "Failure"; readonly error: ShardError.RecoverableError }

/** What the buffer stops and starts as it fills and drains. */
export interface Source {
  readonly pause: () => void
  readonly resume: () => void
}

export interface EventBuffer {
  /** Never refuses: a full buffer pauses its source instead. */
  readonly unsafePush: (item: Item) => void
  /** Drops the notice once the buffer is twice as full as it should be: no back-pressure holds up failing reconnects. */
  readonly unsafeNotify: (item: Item) => void
  /** Waits until there is something, then takes the first. Interrupting the wait loses nothing. */
  readonly take: Effect.Effect<Item, ShardError.TerminalError>
  /**
   * Waits until there is something, or reading fails, and leaves it there; for readers who pass over control payloads,
   * for none of them wakes it. When it goes on, what there was may be gone again.
   */
  readonly awaitForEvents: Effect.Effect<void>
  /** The same as a callback, which is called once and at most once; gives what calls it off. */
  readonly unsafeOnEvents: (wake: () => void) => () => void
  /** The first that may be read, for one who need not wait: nothing if there is none. */
  readonly unsafeTake: () => Item | undefined
  /** What reading fails with now, if there is nothing to read. */
  readonly unsafeFailure: () => Option.Option<ShardError.TerminalError>
  /** Whether there is something that may be read. */
  readonly unsafeHasNext: () => boolean
  /** Puts back to the front what was taken and not used. */
  readonly unsafePutBack: (items: ReadonlyArray<Item>) => void
  /** The lowest number of an event of the session that waits. */
  readonly unsafeLowest: (session: LiveSession) => number | undefined
  /**
   * Called whenever there is something new to take, the end included. For one who reads from many buffers, and passes over
   * control payloads: from now on they are kept for readers only who wait for them.
   */
  readonly unsafeSetListener: (listener: () => void) => void
  /** The one that would be taken next. */
  readonly unsafePeek: () => Item | undefined
  /** Takes the first, held or not, for one who gives it to nobody. */
  readonly unsafeSkip: () => void
  /** Takes all at once, held or not. */
  readonly unsafeClear: () => ReadonlyArray<Item>
  /** Whether anybody has ever taken something, or waited for it. */
  readonly unsafeWasRead: () => boolean
  readonly unsafeSize: () => number
  readonly unsafeIsFull: () => boolean
  /** Whose reading stops while the buffer is full. */
  readonly unsafeSetSource: (source: Option.Option<Source>) => void
  /** What is still in the buffer can be read; then reading fails with `error`. */
  readonly unsafeEnd: (error: ShardError.TerminalError) => void
  /** What reading fails with once all is taken. */
  readonly unsafeEnded: () => Option.Option<ShardError.TerminalError>
  /** Undoes `unsafeEnd`. */
  readonly unsafeReopen: () => void
  /** Reading fails with `error` from now on, and what is in the buffer stays there. */
  readonly unsafeCutOff: (error: ShardError.TerminalError) => void
  /** How many items have come so far. */
  readonly unsafeReceived: () => number
  /** From now on nothing may be read before it is released. `onHeld` is called when somebody would read what is not. */
  readonly unsafeHold: (onHeld: () => void) => void
  /** So many of the items that have ever come may be read, if items are held at all. */
  readonly unsafeRelease: (received: number) => void
}

export const make = (capacity: number): EventBuffer => {
  // Taken from the front by index; the part that is gone is cut off when it outweighs the rest, so both ends are cheap.
  const cutAfter = 64
  let items: Array<Item | undefined> = []
  let head = 0
  let ended = Option.none<ShardError.TerminalError>()
  let source = Option.none<Source>()
  let paused = false
  // Who waits, and whether for control payloads too.
  const readers = new Map<() => void, boolean>()
  let listener: (() => void) | undefined
  let wasRead = false
  const lowWater = Math.floor(capacity / 2)
  // How many were taken so far, and how many may be.
  let taken = 0
  let released = Number.POSITIVE_INFINITY
  let isCutOff = false
  let onHeld: (() => void) | undefined

  const size = () => items.length - head

  const hasNext = () => size() > 0 && taken < released && !isCutOff

  const wakeReaders = () => {
    if (readers.size > 0) {
      const waiting = Array.from(readers.keys())
      readers.clear()
      for (const wake of waiting) {
        wake()
      }
    }
  }

  const settleSource = () => {
    if (Option.isNone(source)) {
      return
    }
    if (!paused && size() >= capacity) {
      paused = true
      source.value.pause()
    } else if (paused && size() <= lowWater) {
      paused = false
      source.value.resume()
    }
  }

  const unsafePush = (item: Item) => {
    items.push(item)
    if (!paused && items.length - head >= capacity) {
      settleSource()
    }
    if (readers.size > 0) {
      if (taken < released) {
        wakeReaders()
      } else {
        onHeld?.()
      }
    }
    listener?.()
  }

  const unsafeTake = (): Item | undefined => {
    wasRead = true
    const item = items[head]
    if (item === undefined || isCutOff) {
      return undefined
    }
    if (taken >= released) {
      onHeld?.()
      return undefined
    }
    return unsafeSkip()
  }

  const unsafeSkip = (): Item | undefined => {
    const item = items[head]
    if (item === undefined) {
      return undefined
    }
    taken++
    // Released at once: an item can hold a hundred kilobytes of text.
    items[head] = undefined
    head++
    if (head === items.length) {
      items = []
      head = 0
    } else if (head >= cutAfter && head * 2 > items.length) {
      items = items.slice(head)
      head = 0
    }
    if (paused) {
      settleSource()
    }
    return item
  }

  /** What reading fails with now. */
  const unsafeFailure = () => size() === 0 || isCutOff ? ended : Option.none()

  const unsafeOnSomething = (wake: () => void, wantsControl: boolean) => {
    wasRead = true
    if (hasNext() || Option.isSome(unsafeFailure())) {
      wake()
      return Function.constVoid
    }
    if (size() > 0) {
      onHeld?.()
    }
    readers.set(wake, wantsControl)
    return () => readers.delete(wake)
  }

  const awaitSomething = (wantsControl: boolean) =>
    Effect.async<void>((resume) => {
      const cancel = unsafeOnSomething(() => resume(Effect.void), wantsControl)
      return Effect.sync(cancel)
    })

  const take: Effect.Effect<Item, ShardError.TerminalError> = Effect.suspend(() => {
    const item = unsafeTake()
    if (item !== undefined) {
      return Exit.succeed(item)
    }
    const failure = unsafeFailure()
    // All waiting readers are woken: whoever comes too late waits again.
    return Option.isSome(failure) ? Exit.fail(failure.value) : waitAndTake
  })
  const waitAndTake = Effect.suspend(() => Effect.zipRight(awaitSomething(true), take))

  const unsafePutBack = (returned: ReadonlyArray<Item>) => {
    if (returned.length > 0) {
      items = [...returned, ...items.slice(head)]
      head = 0
      taken -= returned.length
      settleSource()
      wakeReaders()
      listener?.()
    }
  }

  const unsafeLowest = (session: LiveSession) => {
    let lowest: number | undefined
    // Not just the first one: what was put back need not be in order.
    for (let i = head; i < items.length; i++) {
      const item = items[i]
      if (item?._tag === "Dispatch" && item.session === session && (lowest === undefined || item.s < lowest)) {
        lowest = item.s
      }
    }
    return lowest
  }

  /** All who wait, or are told, would pass over it. */
  const isUnwanted = (item: Item) =>
    item._tag === "Control" &&
    (readers.size > 0 || listener !== undefined) &&
    !Array.from(readers.values()).includes(true)

  return {
    unsafePush,
    unsafeNotify: (item) => {
      if (size() < capacity * 2 && !isUnwanted(item)) {
        unsafePush(item)
      }
    },
    take,
    awaitForEvents: awaitSomething(false),
    unsafeOnEvents: (wake) => unsafeOnSomething(wake, false),
    unsafeTake,
    unsafeFailure,
    unsafeHasNext: hasNext,
    unsafePutBack,
    unsafeLowest,
    unsafeSetListener: (next) => {
      wasRead = true
      listener = next
    },
    unsafePeek: () => items[head],
    unsafeSkip,
    unsafeClear: () => {
      const all = items.slice(head).filter((item) => item !== undefined)
      taken += all.length
      items = []
      head = 0
      settleSource()
      return all
    },
    unsafeWasRead: () => wasRead,
    unsafeSize: size,
    unsafeIsFull: () => size() >= capacity,
    unsafeSetSource: (next) => {
      source = next
      paused = false
      settleSource()
    },
    unsafeEnd: (error) => {
      ended = Option.some(error)
      wakeReaders()
      listener?.()
    },
    unsafeEnded: () => ended,
    unsafeReopen: () => {
      ended = Option.none()
    },
    unsafeCutOff: (error) => {
      isCutOff = true
      ended = Option.some(error)
      wakeReaders()
    },
    unsafeReceived: () => taken + size(),
    unsafeHold: (held) => {
      released = taken
      onHeld = held
    },
    unsafeRelease: (received) => {
      if (onHeld !== undefined) {
        released = received
        wakeReaders()
        listener?.()
      }
    }
  }
}
