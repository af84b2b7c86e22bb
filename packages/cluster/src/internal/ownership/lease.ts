/**
 * A runner's lease on one shard, as the shard's host sees it: its session's store, and the admission of events. A lease is
 * lost for good when another runner has the shard, or when it could not be renewed for two thirds of its time.
 */
import type * as Session from "@vesper/gateway/Session"
import * as SessionStore from "@vesper/gateway/SessionStore"
import type * as ShardId from "@vesper/model/ShardId"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { instant } from "./instant.js"
import type * as OwnershipRows from "./ownershipRows.js"
import * as SessionWriter from "./sessionWriter.js"

/** The lease was lost: another runner may do what this one would do. */
export class LeaseLost {
  readonly _tag = "LeaseLost"
}

export interface Lease {
  readonly shard: ShardId.ShardId
  readonly claim: OwnershipRows.Claim
  /** Completes when the lease is lost. */
  readonly lost: Effect.Effect<void>
  /** Where the shard keeps its session, as long as the lease is held. */
  readonly sessions: SessionStore.SessionStore
  /**
   * Lets an event be handled, and fails when the lease is lost. Events that are acknowledged on receipt wait until their
   * session is in the database. Others wait only while the database cannot be written. An event that has to wait saves
   * the session itself: it does not rely on another save.
   */
  readonly admit: (sequence: number) => Effect.Effect<void, LeaseLost>
  /** Writes the session that the shard has saved last, if a later one was read from it and is in the database. */
  readonly settle: Effect.Effect<void>
  /** Lets the session be read from the shard when it is written, until the scope closes. */
  readonly observe: (session: Effect.Effect<Option.Option<Session.Session>>) => Effect.Effect<void, never, Scope.Scope>
  /** Lets the next write have this status. */
  readonly unsafeReport: (status: string) => void
}

/** A lease as its runner keeps it. */
export interface Held extends SessionWriter.Entry {
  readonly lease: Lease
  readonly lose: Effect.Effect<void>
  /** By the monotonic clock. */
  deadline: number
}

/** How long an event waits after its save has failed. */
const admissionPause = Duration.millis(250)

export const make = (
  claim: OwnershipRows.Claim,
  deadline: number,
  options: {
    readonly writer: SessionWriter.SessionWriter
    /** Whether events are acknowledged on receipt, and must not be handled twice. */
    readonly isStrict: boolean
  }
): Effect.Effect<Held> =>
  Effect.gen(function*() {
    const lost = yield* Deferred.make<void>()
    const { isStrict, writer } = options
    const entry = SessionWriter.makeEntry(claim)

    const write = (operation: "save" | "remove", session: Option.Option<Session.Session>) =>
      Effect.suspend(() => {
        const refused = new SessionStore.SessionStoreError({
          operation,
          cause: new Error("another runner owns the shard now")
        })
        return held.isLost ? Effect.fail(refused) : writer.save(held, session).pipe(
          Effect.raceFirst(Deferred.await(lost)),
          Effect.mapError((cause) => new SessionStore.SessionStoreError({ operation, cause })),
          Effect.zipRight(Effect.suspend(() => held.isLost ? Effect.fail(refused) : Effect.void))
        )
      })

    /** Whether the next owner of the shard would get no event up to this one. */
    const isCovered = (sequence: number, now: Option.Option<Session.Session>): boolean =>
      Option.match(held.saved, {
        onNone: () => Option.isNone(now),
        onSome: (saved) => now.pipe(Option.exists(({ id }) => id === saved.id)) && saved.sequence >= sequence
      })

    const admit = (sequence: number): Effect.Effect<void, LeaseLost> =>
      Effect.flatMap(instant, (now): Effect.Effect<void, LeaseLost> => {
        if (held.isLost || now >= held.deadline) {
          // Lost for good, though a late renewal might still succeed: its owner has begun to close.
          return Effect.zipRight(held.lose, Effect.fail(new LeaseLost()))
        }
        if (!isStrict) {
          return writer.unsafeIsFailing() ? admitBySaving(sequence) : Effect.void
        }
        return Effect.flatMap(
          SessionWriter.current(held),
          (session) => isCovered(sequence, session) ? Effect.void : admitBySaving(sequence)
        )
      })

    const admitBySaving = (sequence: number): Effect.Effect<void, LeaseLost> =>
      writer.write(held).pipe(
        Effect.raceFirst(Deferred.await(lost)),
        Effect.matchEffect({
          onSuccess: () => held.isLost ? Effect.fail(new LeaseLost()) : Effect.void,
          onFailure: () => Effect.zipRight(Effect.sleep(admissionPause), admit(sequence))
        })
      )

    const lease: Lease = {
      shard: claim.shard,
      claim,
      lost: Deferred.await(lost),
      sessions: {
        load: () => Effect.succeed(claim.session),
        save: (_key, session) => write("save", Option.some(session)),
        remove: () => write("remove", Option.none())
      },
      admit,
      // A session that is given back may be behind: the shard does not save it again if it has saved the same before.
      settle: Effect.suspend(() =>
        held.isLost || Equal.equals(held.saved, held.session) ? Effect.void : Effect.ignore(writer.write(held))
      ),
      observe: (session) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            held.view = Option.some(session)
          }),
          () =>
            Effect.sync(() => {
              held.view = Option.none()
            })
        ),
      unsafeReport: (status) => writer.unsafeReport(held, status)
    }
    const held: Held = Object.assign(entry, {
      lease,
      deadline,
      lose: Effect.suspend(() => {
        held.isLost = true
        return Effect.asVoid(Deferred.succeed(lost, undefined))
      })
    })
    return held
  })
