/**
 * Publishing from synchronous code: the socket's callback changes the status and finds out what is worth a report, and
 * cannot run an Effect.
 */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"

/** A value that changes, and can be watched. */
export interface Observable<A> {
  readonly get: () => A
  readonly set: (value: A) => void
  /** The value now, then each one that it changes to. */
  readonly changes: Stream.Stream<A>
}

export const make = <A>(initial: A): Effect.Effect<Observable<A>> =>
  Effect.map(PubSub.unbounded<A>(), (hub) => {
    let current = initial
    return {
      get: () => current,
      set: (value) => {
        current = value
        hub.unsafeOffer(value)
      },
      // Subscribed first, read afterwards: what changes in between is seen twice, and the second is left out.
      changes: Stream.unwrapScoped(
        Effect.map(Stream.fromPubSub(hub, { scoped: true }), (later) =>
          Stream.changes(Stream.concat(Stream.suspend(() => Stream.succeed(current)), later)))
      )
    }
  })

/** Things that happen, for whoever listens; a slow listener misses the oldest. */
export interface Topic<A> {
  readonly publish: (value: A) => void
  readonly stream: Stream.Stream<A>
}

export const makeTopic = <A>(capacity: number): Effect.Effect<Topic<A>> =>
  Effect.map(PubSub.sliding<A>(capacity), (hub) => ({
    publish: (value) => {
      hub.unsafeOffer(value)
    },
    stream: Stream.fromPubSub(hub)
  }))
