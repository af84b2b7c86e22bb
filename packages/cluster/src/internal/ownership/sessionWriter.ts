/**
 * Writes the sessions of all shards of a runner, in one statement a tick. A shard that saves waits for the statement that
 * has its session; what could not be written is part of the next statement, whoever still waits for it.
 */
import * as Session from "@vesper/gateway/Session"
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
  /** The session as it was pushed last. */
  session: Option.Option<Session.Session>
  /** The session that is certainly in the database. */
  saved: Option.Option<Session.Session>
  status: string | null
  revision: number
  isDirty: boolean
  isLost: boolean
  /** The session as the shard has it now, if that can be read. */
  view: Effect.Effect<Option.Option<Session.Session>>
}

export const makeEntry = (claim: OwnershipRows.Claim): Entry => {
  const entry: Entry = {
    claim,
    session: claim.session,
    saved: claim.session,
    status: null,
    revision: claim.revision,
    isDirty: false,
    isLost: false,
    view: Effect.sync(() => entry.session)
  }
  return entry
}

export interface SessionWriter {
  /** Completes when a statement that has the session is carried out. Fails with it. */
  readonly save: (entry: Entry, session: Option.Option<Session.Session>) => Effect.Effect<void, Error>
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
    let group = Deferred.unsafeMake<void, Error>((yield* Effect.fiberId))

    const mark = (entry: Entry) => {
      entry.isDirty = true
      wake.unsafeOpen()
    }

    const write = Effect.gen(function*() {
      const dirty = Array.from(options.entries()).filter(({ isDirty, isLost }) => isDirty && !isLost)
      const waiting = group
      group = Deferred.unsafeMake(yield* Effect.fiberId)
      wake.unsafeClose()
      if (hurries === 0) {
        rush.unsafeClose()
      }
      const writes: Array<OwnershipRows.Write & { readonly entry: Entry }> = []
      for (const entry of dirty) {
        entry.session = yield* entry.view
        entry.isDirty = false
        writes.push({
          entry,
          claim: entry.claim,
          revision: ++entry.revision,
          session: entry.session,
          status: entry.status
        })
      }
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

    return {
      save: (entry, session) =>
        Effect.suspend(() => {
          // A session that is not in the database cannot be resumed by another runner: it does not wait for the tick.
          if (!isSameSession(session, entry.saved)) {
            rush.unsafeOpen()
          }
          entry.session = session
          mark(entry)
          return Deferred.await(group)
        }),
      unsafeReport: (entry, status) => {
        if (entry.status !== status) {
          entry.status = status
          mark(entry)
        }
      },
      unsafeIsFailing: () => isFailing,
      hurry: Effect.acquireRelease(
        Effect.sync(() => {
          hurries++
          rush.unsafeOpen()
        }),
        () => Effect.sync(() => void hurries--)
      )
    }
  })
