/**
 * Publishing from synchronous code: the socket's callback changes the status and finds out what is worth a report, and
 * cannot run an Effect. A mailbox for each listener, and nothing while nobody listens: a PubSub is a few kilobytes, and
 * there are two of these to a shard.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A value that changes, and can be watched. */
export interface Observable<A> {
  readonly get: () => A
  readonly set: (value: A) => void
  /** The value now, then each one that it changes to. */
  readonly changes: Stream.Stream<A>
  /** Ends all streams of changes, after what was published before. */
  readonly end: () => void
}

/** Things that happen, for whoever listens; a slow listener misses the oldest. */
export interface Topic<A> {
  readonly publish: (value: A) => void
  readonly stream: Stream.Stream<A>
  /** Ends all streams, after what was published before. */
  readonly end: () => void
}

interface Listeners<A> {
  readonly publish: (value: A) => void
  readonly listen: () => Effect.Effect<Stream.Stream<A>, never, Scope.Scope>
  readonly end: () => void
}

/** Nothing that listening needs is built before somebody listens: most shards of a fleet nobody listens to. */
const makeListeners = <A>(capacity: number): Listeners<A> => {
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
  const { end, listen, publish } = makeListeners<A>(Number.POSITIVE_INFINITY)
  let current = initial
  return {
    end,
    get: () => current,
    set: (value) => {
      current = value
      publish(value)
    },
    // Listened first, read afterwards: what changes in between is seen twice, and the second is left out.
    changes: Stream.suspend(() =>
      Stream.unwrapScoped(
        Effect.map(listen(), (later) =>
          Stream.changes(Stream.concat(Stream.suspend(() => Stream.succeed(current)), later)))
      )
    )
  }
}

export const makeTopic = <A>(capacity: number): Topic<A> => {
  const { end, listen, publish } = makeListeners<A>(capacity)
  return { end, publish, stream: Stream.suspend(() => Stream.unwrapScoped(listen())) }
}
