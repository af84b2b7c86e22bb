/**
 * The bounded buffer between the socket's callback, which fills it synchronously, and the fibers that read from it.
 *
 * `Mailbox` comes close, but a bounded one refuses what does not fit: here the socket is paused instead, and what was
 * already on the way must still get in. It cannot be opened again after its end either.
 */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as ShardError from "../ShardError.js"

/** An event, and the session that it belongs to: only that one can bring it again. */
export interface Dispatched {
  readonly _tag: "Dispatch"
  readonly t: string
  readonly s: number
  readonly text: string
  readonly session: LiveSession
}

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
  /** The same for readers who pass over control payloads: it may give one, but none wakes it from its wait. */
  readonly takeForEvents: Effect.Effect<Item, ShardError.TerminalError>
  /** Waits, as a reader of events, until there is something, and leaves it there. Then it may be gone again. */
  readonly awaitForEvents: Effect.Effect<void, ShardError.TerminalError>
  readonly unsafeTake: () => Item | undefined
  /** Puts back to the front what was taken and not used. */
  readonly unsafePutBack: (items: ReadonlyArray<Item>) => void
  /** The lowest number of an event of the session that waits. */
  readonly unsafeLowest: (session: LiveSession) => number | undefined
  readonly unsafeSize: () => number
  readonly unsafeIsFull: () => boolean
  /** Whose reading stops while the buffer is full. */
  readonly unsafeSetSource: (source: Option.Option<Source>) => void
  /** What is still in the buffer can be read; then reading fails with `error`. */
  readonly unsafeEnd: (error: ShardError.TerminalError) => void
  /** Undoes `unsafeEnd`. */
  readonly unsafeReopen: () => void
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
  const lowWater = Math.floor(capacity / 2)

  const size = () => items.length - head

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
      wakeReaders()
    }
  }

  const unsafeTake = (): Item | undefined => {
    const item = items[head]
    if (item === undefined) {
      return undefined
    }
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

  const awaitSomething = (wantsControl: boolean) =>
    Effect.async<void>((resume) => {
      if (size() > 0 || Option.isSome(ended)) {
        return resume(Effect.void)
      }
      const wake = () => resume(Effect.void)
      readers.set(wake, wantsControl)
      return Effect.sync(() => readers.delete(wake))
    })

  const makeTake = (wantsControl: boolean) => {
    const take: Effect.Effect<Item, ShardError.TerminalError> = Effect.suspend(() => {
      const item = unsafeTake()
      if (item !== undefined) {
        return Exit.succeed(item)
      }
      return Option.isSome(ended)
        ? Exit.fail(ended.value)
        // All waiting readers are woken: whoever comes too late waits again.
        : Effect.zipRight(awaitSomething(wantsControl), take)
    })
    return take
  }

  const awaitForEvents: Effect.Effect<void, ShardError.TerminalError> = Effect.suspend(() =>
    size() > 0 ? Effect.void : Option.isSome(ended) ? Exit.fail(ended.value) : awaitAgain
  )
  const awaitAgain = Effect.zipRight(awaitSomething(false), awaitForEvents)

  const unsafePutBack = (returned: ReadonlyArray<Item>) => {
    if (returned.length > 0) {
      items = [...returned, ...items.slice(head)]
      head = 0
      settleSource()
      wakeReaders()
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

  /** Somebody waits, so the buffer is empty; and all who wait would pass over it. */
  const isUnwanted = (item: Item) =>
    item._tag === "Control" && readers.size > 0 && !Array.from(readers.values()).includes(true)

  return {
    unsafePush,
    unsafeNotify: (item) => {
      if (size() < capacity * 2 && !isUnwanted(item)) {
        unsafePush(item)
      }
    },
    take: makeTake(true),
    takeForEvents: makeTake(false),
    awaitForEvents,
    unsafeTake,
    unsafePutBack,
    unsafeLowest,
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
    },
    unsafeReopen: () => {
      ended = Option.none()
    }
  }
}
