/** One subscriber's buffer, and what is done with an event that does not fit. */
import * as Option from "effect/Option"
import * as Diagnostic from "../Diagnostic.js"
import * as ShardError from "../ShardError.js"
import * as Subscription from "../Subscription.js"
import * as EventBuffer from "./eventBuffer.js"

export interface Subscriber {
  readonly buffer: EventBuffer.EventBuffer
  readonly reader: { given: EventBuffer.Dispatched | undefined }
  readonly unsafeOffer: (item: EventBuffer.Dispatched) => void
  readonly unsafeDropped: () => number
  readonly overflow: () => Option.Option<Subscription.SubscriptionOverflowError>
}

export const defaultCapacity = 1024

const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

export const make = (
  options: Subscription.Options,
  notice: (diagnostic: Diagnostic.Diagnostic) => void
): Subscriber => {
  const { capacity = defaultCapacity, strategy = "suspend" } = options
  const wanted = options.events && new Set<string>(options.events)
  const droppable = options.droppable && new Set<string>(options.droppable)
  // A buffer pauses its source once it is full. Who would rather lose events than that is full one sooner.
  const buffer = EventBuffer.make(strategy === "suspend" ? capacity : capacity + 1)
  let dropped = 0
  let overflow = Option.none<Subscription.SubscriptionOverflowError>()

  const mayDrop = ({ t }: { readonly t: string }) => droppable === undefined || droppable.has(t)

  const drop = ({ t }: EventBuffer.Dispatched) => {
    dropped++
    // Each one would be a flood, and a total at the end might never come.
    if (isPowerOfTwo(dropped)) {
      notice(Diagnostic.Dropped({ eventType: t, total: dropped }))
    }
  }

  const offerFull = (item: EventBuffer.Dispatched) => {
    const first = strategy === "dropOldest" ? buffer.unsafePeek() : undefined
    if (first?._tag === "Dispatch" && mayDrop(first)) {
      buffer.unsafeSkip()
      drop(first)
      buffer.unsafePush(item)
    } else if (mayDrop(item)) {
      drop(item)
    } else {
      buffer.unsafePush(item)
    }
  }

  const fail = () => {
    overflow = Option.some(new Subscription.SubscriptionOverflowError({ capacity }))
    buffer.unsafeEnd(new ShardError.ShardClosedError())
  }

  return {
    buffer,
    reader: { given: undefined },
    unsafeOffer: (item) => {
      if (Option.isSome(overflow) || (wanted !== undefined && !wanted.has(item.t))) {
        return
      }
      if (strategy === "suspend" || buffer.unsafeSize() < capacity) {
        buffer.unsafePush(item)
      } else if (strategy === "fail") {
        fail()
      } else {
        offerFull(item)
      }
    },
    unsafeDropped: () => dropped,
    overflow: () => overflow
  }
}
