/**
 * Writes the sessions of all shards of a runner, in one statement a tick. A shard that saves waits for the statement that
 * has its session; what could not be written is part of the next statement, whoever still waits for it.
 */
import type * as Session from "@vesper/gateway/Session"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { instant } from "./instant.js"
import * as OwnershipRows from "./ownershipRows.js"

/** What is known of a claim's row, and what is to be written to it. */
export interface Entry {
  readonly claim: OwnershipRows.Claim
  /** The session as the shard has saved it last. */
  session: Option.Option<Session.Session>
  /** The session that is certainly in the database. */
  saved: Option.Option<Session.Session>
  status: string | null
  revision: number
  isDirty: boolean
  isLost: boolean
  /** Reads the session from the shard, which is later than the one that it has saved. */
  view: Option.Option<Effect.Effect<Option.Option<Session.Session>>>
}

export const makeEntry = (claim: OwnershipRows.Claim): Entry => ({
  claim,
  session: claim.session,
  saved: claim.session,
  status: null,
  revision: claim.revision,
  isDirty: false,
  isLost: false,
  view: Option.none()
})

/** The session as the shard has it now; the one that it has saved last, if it has none yet. */
export const current = ({ session, view }: Entry): Effect.Effect<Option.Option<Session.Session>> =>
  Option.match(view, {
    onNone: () => Effect.succeed(session),
    onSome: Effect.map(Option.orElse(() => session))
  })

export interface SessionWriter {
  /** Completes when a statement that has the session is carried out. Fails with it. */
  readonly save: (entry: Entry, session: Option.Option<Session.Session>) => Effect.Effect<void, Error>
  /** Completes when a statement that has the session as it is now is carried out. Fails with it. */
  readonly write: (entry: Entry) => Effect.Effect<void, Error>
  /** Lets the next statement have this status. */
  readonly unsafeReport: (entry: Entry, status: string) => void
  /** Whether the last statement has failed. */
  readonly unsafeIsFailing: () => boolean
  /** Lets statements begin without waiting for a tick, as long as the scope is open. */
  readonly hurry: Effect.Effect<void, never, Scope.Scope>
}

/** The least time after a statement, even in a hurry: saves of the same moment are written together. */
const least = 10

/** The least time after a statement that has failed, in milliseconds. */
const leastAfterFailure = 250

const isSameSession = (a: Option.Option<Session.Session>, b: Option.Option<Session.Session>): boolean =>
  Option.getOrUndefined(a)?.id === Option.getOrUndefined(b)?.id

export const make = (options: {
  readonly save: OwnershipRows.OwnershipRows["save"]
  /** The claims that are held. */
  readonly entries: () => Iterable<Entry>
  /** Called with those that another runner has. */
  readonly lose: (entry: Entry) => Effect.Effect<void>
  /** The least time between the beginnings of two statements. */
  readonly tick: Duration.Duration
}): Effect.Effect<SessionWriter, never, Scope.Scope> =>
  Effect.gen(function*() {
    const wake = Effect.unsafeMakeLatch(false)
    const rush = Effect.unsafeMakeLatch(false)
    let hurries = 0
    let isFailing = false
    let group = Deferred.unsafeMake<void, Error>(yield* Effect.fiberId)

    const mark = (entry: Entry) => {
      entry.isDirty = true
      wake.unsafeOpen()
    }

    /** Begins a group: in one step, so that no save falls between two of them. */
    const begin = (next: Deferred.Deferred<void, Error>) => {
      const waiting = group
      group = next
      wake.unsafeClose()
      if (hurries === 0) {
        rush.unsafeClose()
      }
      const dirty = Array.from(options.entries()).filter(({ isDirty, isLost }) => isDirty && !isLost)
      return {
        waiting,
        batch: dirty.map((entry) => {
          entry.isDirty = false
          return { entry, revision: ++entry.revision, session: current(entry), status: entry.status }
        })
      }
    }

    const write = Effect.gen(function*() {
      const { batch, waiting } = begin(Deferred.unsafeMake(yield* Effect.fiberId))
      const writes = yield* Effect.forEach(batch, ({ entry, revision, session, status }) =>
        Effect.map(session, (session) => ({ entry, claim: entry.claim, revision, session, status })))
      const exit = yield* Effect.exit(writes.length === 0 ? Effect.succeed(new Set<string>()) : options.save(writes))
      isFailing = Exit.isFailure(exit)
      for (const { claim, entry, session } of writes) {
        if (Exit.isFailure(exit)) {
          mark(entry)
        } else if (exit.value.has(OwnershipRows.keyOf(claim.shard))) {
          entry.saved = session
        } else {
          yield* options.lose(entry)
        }
      }
      yield* Deferred.done(waiting, Exit.asVoid(exit))
    })

    const tick = Duration.toMillis(options.tick)
    const loop = Effect.gen(function*() {
      yield* wake.await
      const begun = yield* instant
      yield* write
      const pause = isFailing ? leastAfterFailure : least
      yield* Effect.sleep(pause)
      const took = (yield* instant) - begun
      yield* Effect.raceFirst(Effect.sleep(Math.max(0, tick - took)), rush.await)
    })
    yield* Effect.forkScoped(Effect.forever(loop))

    const request = (entry: Entry) =>
      Effect.suspend(() => {
        mark(entry)
        return Deferred.await(group)
      })

    return {
      save: (entry, session) =>
        Effect.suspend(() => {
          // A session that is not in the database cannot be resumed by another runner: it does not wait for the tick.
          if (!isSameSession(session, entry.saved)) {
            rush.unsafeOpen()
          }
          entry.session = session
          return request(entry)
        }),
      write: request,
      unsafeReport: (entry, status) => {
        if (entry.status !== status) {
          entry.status = status
          mark(entry)
        }
      },
      unsafeIsFailing: () =>
        isFailing,
      hurry: Effect.acquireRelease(
        Effect.sync(() => {
          hurries++
          rush.unsafeOpen()
        }),
        () =>
          Effect.sync(() => void hurries--)
      )
    }
  })
