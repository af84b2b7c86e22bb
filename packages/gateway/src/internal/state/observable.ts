/**
 * Publishing from synchronous code, such as the socket's callback. Each listener has a mailbox. A PubSub would take a few
 * kilobytes even without a listener, and each shard has two publishers.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A value with a stream of its changes. */
export interface Observable<A> {
  readonly get: () => A
  readonly set: (value: A) => void
  /** Emits the current value, then every change. */
  readonly changes: Stream.Stream<A>
  /** Ends all streams after the values published before. */
  readonly end: () => void
}

/** Publishes values to all listeners. A slow listener misses the oldest. */
export interface Topic<A> {
  readonly publish: (value: A) => void
  readonly stream: Stream.Stream<A>
  /** Ends all streams after the values published before. */
  readonly end: () => void
}

interface Publisher<A> {
  readonly publish: (value: A) => void
  readonly listen: () => Effect.Effect<Stream.Stream<A>, never, Scope.Scope>
  readonly end: () => void
}

/** Allocates nothing before the first listener, because most shards of a fleet have none. */
const makePublisher = <A>(capacity: number): Publisher<A> => {
  const mailboxes = new Set<Mailbox.Mailbox<A>>()
  let isOver = false
  const end = (mailbox: Mailbox.Mailbox<A>) => mailbox.unsafeDone(Exit.void)
  return {
    end: () => {
      isOver = true
      mailboxes.forEach(end)
    },
    publish: (value) => mailboxes.forEach((mailbox) => mailbox.unsafeOffer(value)),
    listen: () =>
      Effect.map(
        Effect.acquireRelease(
          Effect.tap(
            Mailbox.make<A>({ capacity, strategy: "sliding" }),
            (mailbox) => Effect.sync(() => isOver ? end(mailbox) : mailboxes.add(mailbox))
          ),
          (mailbox) => Effect.sync(() => mailboxes.delete(mailbox))
        ),
        Mailbox.toStream
      )
  }
}

export const make = <A>(initial: A): Observable<A> => {
  const { end, listen, publish } = makePublisher<A>(Number.POSITIVE_INFINITY)
  let current = initial
  return {
    end,
    get: () => current,
    set: (value) => {
      current = value
      publish(value)
    },
    // The listener is added before the value is read. `Stream.changes` drops a change that is seen twice.
    changes: Stream.suspend(() =>
      Stream.unwrapScoped(
        Effect.map(listen(), (later) =>
          Stream.changes(Stream.concat(Stream.suspend(() => Stream.succeed(current)), later)))
      )
    )
  }
}

/** Makes a topic. `capacity` limits the values that wait for one listener. */
export const makeTopic = <A>(capacity: number): Topic<A> => {
  const { end, listen, publish } = makePublisher<A>(capacity)
  return { end, publish, stream: Stream.suspend(() => Stream.unwrapScoped(listen())) }
}
