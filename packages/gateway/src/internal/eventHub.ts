/**
 * The event buffer that a shard's readers share, and one more for each subscriber. To the socket's callback it is one
 * buffer: its source is paused while any of them is full. Without subscribers it costs one comparison an event.
 *
 * The shared buffer is left out while there are subscribers and nobody has ever read from it, for it would fill up and
 * hold up the socket for ever. What it holds by then is the first subscriber's.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Diagnostic from "../Diagnostic.js"
import type * as ShardError from "../ShardError.js"
import type * as Subscription from "../Subscription.js"
import * as EventBuffer from "./eventBuffer.js"
import * as Subscriber from "./subscriber.js"

/** What is paused, and who is told of what subscribers lose. */
export interface Source extends EventBuffer.Source {
  readonly notice: (diagnostic: Diagnostic.Diagnostic) => void
}

export interface EventHub extends Omit<EventBuffer.EventBuffer, "unsafeSetSource"> {
  readonly unsafeSetSource: (source: Option.Option<Source>) => void
  /** What was received up to this call is what the next `unsafeRelease` is about, in every buffer. */
  readonly unsafeReceived: () => number
  /** What waits in the fullest of the buffers. */
  readonly unsafeBacklog: () => number
  readonly subscribe: (
    options: Subscription.Options
  ) => Effect.Effect<Subscriber.Subscriber, never, Scope.Scope>
}

export const make = (capacity: number): EventHub => {
  const shared = EventBuffer.make(capacity)
  const subscribers = new Set<Subscriber.Subscriber>()
  // The buffers that are full.
  const holding = new Set<EventBuffer.EventBuffer>()
  let source = Option.none<Source>()
  let ended = Option.none<ShardError.TerminalError>()
  let isCutOff = false
  let onHeld: (() => void) | undefined
  // How much each buffer had received when that was last asked.
  let received: ReadonlyArray<readonly [EventBuffer.EventBuffer, number]> = []

  const buffers = () => [shared, ...Array.from(subscribers, ({ buffer }) => buffer)]

  const isSharedInUse = () => subscribers.size === 0 || shared.unsafeWasRead()

  const release = (buffer: EventBuffer.EventBuffer) => {
    if (holding.delete(buffer) && holding.size === 0 && Option.isSome(source)) {
      source.value.resume()
    }
  }

  const attach = (buffer: EventBuffer.EventBuffer) =>
    buffer.unsafeSetSource(Option.map(source, ({ pause }) => ({
      pause: () => {
        holding.add(buffer)
        if (holding.size === 1) {
          pause()
        }
      },
      resume: () => release(buffer)
    })))

  const notice = (diagnostic: Diagnostic.Diagnostic) => {
    if (Option.isSome(source)) {
      source.value.notice(diagnostic)
    }
  }

  const join = (options: Subscription.Options) => {
    const subscriber = Subscriber.make(options, notice)
    attach(subscriber.buffer)
    if (onHeld !== undefined) {
      subscriber.buffer.unsafeHold(onHeld)
    }
    const isFirst = subscribers.size === 0
    subscribers.add(subscriber)
    if (isFirst && !shared.unsafeWasRead()) {
      for (const item of shared.unsafeClear()) {
        if (item._tag === "Dispatch") {
          subscriber.unsafeOffer(item)
        }
      }
    }
    if (Option.isSome(ended)) {
      const { unsafeCutOff, unsafeEnd } = subscriber.buffer
      const end = isCutOff ? unsafeCutOff : unsafeEnd
      end(ended.value)
    }
    return subscriber
  }

  const leave = (subscriber: Subscriber.Subscriber) => {
    subscribers.delete(subscriber)
    subscriber.buffer.unsafeSetSource(Option.none())
    release(subscriber.buffer)
  }

  return {
    ...shared,
    unsafePush: (item) => {
      if (isSharedInUse()) {
        shared.unsafePush(item)
      }
      if (subscribers.size > 0 && item._tag === "Dispatch") {
        subscribers.forEach((subscriber) => subscriber.unsafeOffer(item))
      }
    },
    unsafeNotify: (item) => {
      if (isSharedInUse()) {
        shared.unsafeNotify(item)
      }
    },
    unsafeCutOff: (error) => {
      isCutOff = true
      ended = Option.some(error)
      buffers().forEach((buffer) => buffer.unsafeCutOff(error))
    },
    unsafeReceived: () => {
      received = buffers().map((buffer) => [buffer, buffer.unsafeReceived()] as const)
      return shared.unsafeReceived()
    },
    unsafeHold: (held) => {
      onHeld = held
      buffers().forEach((buffer) => buffer.unsafeHold(held))
    },
    unsafeRelease: (count) => {
      if (count === Number.POSITIVE_INFINITY) {
        buffers().forEach((buffer) => buffer.unsafeRelease(count))
      } else {
        received.forEach(([buffer, own]) => buffer.unsafeRelease(own))
      }
    },
    unsafeLowest: (session) => {
      const lowest = buffers().flatMap((buffer) => buffer.unsafeLowest(session) ?? [])
      return lowest.length === 0 ? undefined : Math.min(...lowest)
    },
    unsafeBacklog: () => Math.max(shared.unsafeSize(), ...Array.from(subscribers, ({ buffer }) => buffer.unsafeSize())),
    unsafeIsFull: () => shared.unsafeIsFull() || Array.from(subscribers).some(({ buffer }) => buffer.unsafeIsFull()),
    unsafeSetSource: (next) => {
      source = next
      holding.clear()
      attach(shared)
      subscribers.forEach(({ buffer }) => attach(buffer))
    },
    unsafeEnd: (error) => {
      ended = Option.some(error)
      shared.unsafeEnd(error)
      subscribers.forEach(({ buffer, overflow }) => Option.isNone(overflow()) && buffer.unsafeEnd(error))
    },
    unsafeReopen: () => {
      ended = Option.none()
      shared.unsafeReopen()
      subscribers.forEach(({ buffer, overflow }) => Option.isNone(overflow()) && buffer.unsafeReopen())
    },
    subscribe: (options) =>
      Effect.acquireRelease(Effect.sync(() => join(options)), (subscriber) => Effect.sync(() => leave(subscriber)))
  }
}
