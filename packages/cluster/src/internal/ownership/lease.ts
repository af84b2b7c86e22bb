/**
 * Leases of a runner: session store and admission of events. The sessions of all shards of the runner are written in one
 * statement a tick. A write that failed is part of the next statement.
 */
import type * as Session from "@vesper/gateway/Session"
import * as SessionStore from "@vesper/gateway/SessionStore"
import type * as ShardId from "@vesper/model/ShardId"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { instant } from "./databaseClock.js"
import * as LeaseTable from "./leaseTable.js"

/** Another runner may own the shard. */
export class LeaseLost extends Data.TaggedError("LeaseLost") {}

export interface Lease {
  readonly claim: LeaseTable.Claim
  readonly shard: ShardId.ShardId
  /** Completes when the lease is lost permanently. */
  readonly lost: Effect.Effect<void>
  /** The store of the shard's session. It refuses writes once the lease is lost. */
  readonly sessions: SessionStore.SessionStore
  /**
   * Completes when an event may be handled. One that is acknowledged on receipt waits until its session is in the
   * database, any other while the database cannot be written. An event that waits saves the session itself.
   */
  readonly admit: (sequence: number) => Effect.Effect<void, LeaseLost>
  /** Writes the present session if the database has another one. */
  readonly settle: Effect.Effect<void, Error>
  /** Reads the session from the shard whenever it is written, until the scope closes. */
  readonly observe: (session: Effect.Effect<Option.Option<Session.Session>>) => Effect.Effect<void, never, Scope.Scope>
  /** Adds a status to the next write. */
  readonly unsafeReport: (status: string) => void
}

/** A lease with the state that its runner keeps. */
export interface Held extends Lease {
  /** By the monotonic clock. */
  deadline: number
  isLost: boolean
  readonly unsafeLose: () => void
  /** Loses this lease and those that are held with it. */
  readonly loseAll: Effect.Effect<void>
  /** The session that the shard has saved last. */
  session: Option.Option<Session.Session>
  /** The session that is certainly in the database. */
  saved: Option.Option<Session.Session>
  /** Reads the present session. */
  view: Effect.Effect<Option.Option<Session.Session>>
  status: string | null
  revision: number
  isDirty: boolean
}

/** Returns a function that makes leases. */
export const make = (options: {
  readonly save: LeaseTable.LeaseTable["save"]
  readonly held: () => ReadonlyArray<Held>
  /** True while sessions are written without waiting for the tick. */
  readonly isHurried: () => boolean
  /** True if events are acknowledged on receipt, and must not be handled twice. */
  readonly isStrict: boolean
  /** The least time between the beginnings of two statements, unless a session is new. */
  readonly tick: Duration.Duration
}) =>
  Effect.gen(function*() {
    const wake = Effect.unsafeMakeLatch(false)
    const rush = Effect.unsafeMakeLatch(false)
    let isFailing = false
    /** Completes with the statement that has the next sessions. */
    let next = Deferred.unsafeMake<void, Error>(FiberId.none)
    const writeAll = Effect.gen(function*() {
      // In one step, so that no save falls between two statements.
      const written = next
      next = Deferred.unsafeMake(FiberId.none)
      wake.unsafeClose()
      rush.unsafeClose()
      const dirty = options.held().filter(({ isDirty, isLost }) => isDirty && !isLost)
      dirty.forEach((held) => {
        held.isDirty = false
      })
      const writes = yield* Effect.forEach(dirty, (held) =>
        Effect.map(held.view, (session) => {
          const { claim, status } = held
          return { held, claim, session, status, revision: ++held.revision }
        }))
      const exit = yield* Effect.exit(writes.length === 0 ? Effect.succeed(new Set<string>()) : options.save(writes))
      isFailing = Exit.isFailure(exit)
      for (const { held, session } of writes) {
        if (Exit.isFailure(exit)) {
          mark(held)
        } else if (exit.value.has(LeaseTable.toKey(held.shard))) {
          held.saved = session
        } else {
          yield* held.loseAll
        }
      }
      yield* Deferred.done(written, Exit.asVoid(exit))
    })
    yield* Effect.forkScoped(Effect.forever(Effect.gen(function*() {
      yield* wake.await
      const end = (yield* instant) + Duration.toMillis(options.tick)
      yield* writeAll
      yield* Effect.sleep(isFailing ? 250 : 10)
      yield* Effect.raceFirst(Effect.sleep(Math.max(0, end - (yield* instant))), rush.await)
    })))
    const mark = (held: Held) => {
      held.isDirty = true
      wake.unsafeOpen()
    }
    /** Completes when a statement with the present session is carried out. Fails with it. */
    const write = (held: Held) =>
      Effect.suspend(() => {
        mark(held)
        if (options.isHurried()) {
          rush.unsafeOpen()
        }
        return Deferred.await(next)
      })
    const save = (
      held: Held,
      operation: "save" | "remove",
      session: Option.Option<Session.Session>
    ): Effect.Effect<void, SessionStore.SessionStoreError> => {
      const failed = (cause: Error) => new SessionStore.SessionStoreError({ operation, cause })
      const checked = Effect.suspend(() =>
        held.isLost ? Effect.fail(failed(new Error("another runner owns the shard now"))) : Effect.void
      )
      const writing = Effect.suspend(() => {
        // Another runner can resume a new session only once it is in the database: it does not wait for the tick.
        if (Option.getOrUndefined(session)?.id !== Option.getOrUndefined(held.saved)?.id) {
          rush.unsafeOpen()
        }
        held.session = session
        return Effect.raceFirst(write(held), held.lost)
      })
      return checked.pipe(Effect.zipRight(Effect.mapError(writing, failed)), Effect.zipRight(checked))
    }
    /** True if the next owner of the shard would receive no event up to this one. */
    const isCovered = ({ saved, view }: Held, sequence: number) =>
      Effect.map(view, (now) =>
        Option.match(saved, {
          onNone: () => Option.isNone(now),
          onSome: (saved) => Option.exists(now, ({ id }) => id === saved.id) && saved.sequence >= sequence
        }))
    const admit = (held: Held, sequence: number): Effect.Effect<void, LeaseLost> =>
      Effect.gen(function*() {
        if (held.isLost || (yield* instant) >= held.deadline) {
          // A late renewal might still succeed, but the shard has started to close.
          yield* held.loseAll
          return yield* Effect.fail(new LeaseLost())
        }
        if (options.isStrict ? yield* isCovered(held, sequence) : !isFailing) {
          return
        }
        const isWritten = yield* Effect.isSuccess(Effect.raceFirst(write(held), held.lost))
        if (held.isLost) {
          return yield* Effect.fail(new LeaseLost())
        }
        yield* isWritten ? Effect.void : Effect.zipRight(Effect.sleep(250), admit(held, sequence))
      })
    return (claim: LeaseTable.Claim, deadline: number, loseAll: Effect.Effect<void>): Held => {
      const loss = Deferred.unsafeMake<void>(FiberId.none)
      const setView = (view: Held["view"]) => Effect.sync(() => void Object.assign(held, { view }))
      const held: Held = {
        claim,
        deadline,
        loseAll,
        shard: claim.shard,
        isLost: false,
        lost: Deferred.await(loss),
        unsafeLose: () => {
          held.isLost = true
          Deferred.unsafeDone(loss, Exit.void)
        },
        session: claim.session,
        saved: claim.session,
        view: Effect.sync(() => held.session),
        status: null,
        revision: claim.revision,
        isDirty: false,
        sessions: {
          load: () => Effect.sync(() => held.session),
          save: (_, session) => save(held, "save", Option.some(session)),
          remove: () => save(held, "remove", Option.none())
        },
        admit: (sequence) => admit(held, sequence),
        // The shard saves no session twice, although the database may have a later one. No race: it could not be interrupted.
        settle: Effect.flatMap(
          Effect.suspend(() => held.view),
          (session) => held.isLost || Equal.equals(held.saved, session) ? Effect.void : write(held)
        ),
        observe: (session) =>
          Effect.acquireRelease(
            setView(Effect.map(session, Option.orElse(() => held.session))),
            () => setView(Effect.sync(() => held.session))
          ),
        unsafeReport: (status) => {
          if (held.status !== status) {
            held.status = status
            mark(held)
          }
        }
      }
      return held
    }
  })
