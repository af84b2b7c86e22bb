/**
 * The leases of a runner on its shards. They are renewed together; one that cannot be is lost well before it runs out in
 * the database, so that its owner has time to close the socket before anybody else may have the shard.
 */
import * as SessionStore from "@vesper/gateway/SessionStore"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as FleetStore from "./fleetStore.js"

/** The lease was lost: whatever is done from now on may be done by another runner too. */
export class LeaseLost {
  readonly _tag = "LeaseLost"
}

export interface Lease {
  readonly claim: FleetStore.Claim
  /** Completes when the lease is lost. */
  readonly lost: Effect.Effect<void>
  /** Where the shard keeps its session, as long as the lease is held. */
  readonly sessions: SessionStore.SessionStore
  /**
   * Lets an event be handled. Fails when the lease is lost. While the session cannot be saved, it waits until one is
   * saved that has come past the event: another runner would begin before it, and handle it again.
   */
  readonly admit: (sequence: number) => Effect.Effect<void, LeaseLost>
}

export interface Leases {
  /** The lease on a claim, asked for at a time of `instant`; none while the shard cannot be had. */
  readonly take: (shard: FleetStore.Claim["shard"]) => Effect.Effect<Option.Option<Lease>, Error>
  /** Gives the shard back, to whoever wants it, at once. */
  readonly giveBack: (lease: Lease) => Effect.Effect<void>
}

/** Of a clock that nobody sets, in milliseconds. */
const instant = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000n) / 1_000)

/** How a lease is divided: renewed six times, lost after two thirds without success, the rest is for closing. */
const renewals = 6
const usable = 2 / 3

interface State extends Lease {
  isLost: boolean
  deadline: number
  readonly lose: Effect.Effect<void>
}

const makeLease = (
  store: FleetStore.FleetStore,
  claim: FleetStore.Claim,
  deadline: number
): Effect.Effect<State> =>
  Effect.gen(function*() {
    const lost = yield* Deferred.make<void>()
    // Saves are counted, so that an event can wait for one that has begun after it.
    let begun = 0
    let succeeded = 0
    let savedSequence = -1
    let isStale = false
    let changed = Effect.unsafeMakeLatch(false)

    const wake = () => {
      changed.unsafeOpen()
      changed = Effect.unsafeMakeLatch(false)
    }

    const state: State = {
      claim,
      isLost: false,
      deadline,
      lost: Deferred.await(lost),
      lose: Effect.suspend(() => {
        state.isLost = true
        wake()
        return Effect.asVoid(Deferred.succeed(lost, undefined))
      }),
      sessions: {
        load: () => Effect.succeed(claim.session),
        save: (_key, session) => write("save", Option.some(session)),
        remove: () => write("remove", Option.none())
      },
      admit: (sequence) =>
        Effect.flatMap(instant, (now): Effect.Effect<void, LeaseLost> => {
          if (state.isLost || now >= state.deadline) {
            // Lost for good, though a late renewal might still succeed: whoever was refused handles nothing any more.
            return Effect.zipRight(state.lose, Effect.fail(new LeaseLost()))
          }
          return isStale ? awaitSaved(sequence, begun) : Effect.void
        })
    }

    const awaitSaved = (sequence: number, after: number): Effect.Effect<void, LeaseLost> =>
      Effect.suspend(() => {
        if (state.isLost) {
          return Effect.fail(new LeaseLost())
        }
        return !isStale && (succeeded > after || sequence <= savedSequence)
          ? Effect.void
          : Effect.zipRight(changed.await, awaitSaved(sequence, after))
      })

    const write = (operation: "save" | "remove", session: FleetStore.Claim["session"]) =>
      Effect.suspend(() => {
        const number = ++begun
        const refused = new SessionStore.SessionStoreError({
          operation,
          cause: new Error("another runner owns the shard now")
        })
        if (state.isLost) {
          return Effect.fail(refused)
        }
        return Effect.matchEffect(store.save(claim, session), {
          onFailure: (cause) => {
            isStale = true
            return Effect.fail(new SessionStore.SessionStoreError({ operation, cause }))
          },
          onSuccess: (isGood) => {
            if (!isGood) {
              return Effect.zipRight(state.lose, Effect.fail(refused))
            }
            isStale = false
            succeeded = number
            savedSequence = Option.match(session, { onNone: () => -1, onSome: ({ sequence }) => sequence })
            wake()
            return Effect.void
          }
        })
      })

    return state
  })

export const make = (
  store: FleetStore.FleetStore,
  lease: Duration.Duration
): Effect.Effect<Leases, never, Scope.Scope> =>
  Effect.gen(function*() {
    const millis = Duration.toMillis(lease)
    const held = new Map<Lease, State>()
    const deadlineFrom = (asked: number) => asked + millis * usable

    // Failing to renew is no loss yet: the deadlines decide.
    const renew = Effect.gen(function*() {
      const before = Array.from(held.values()).filter(({ isLost }) => !isLost)
      const asked = yield* instant
      const rows = yield* store.renew(before.map(({ claim }) => claim))
      for (const state of before) {
        const { fence, shard } = state.claim
        const isHeld = rows.some((row) => row.shard === shard.id && row.total === shard.total && row.fence === fence)
        if (isHeld) {
          state.deadline = deadlineFrom(asked)
        } else {
          yield* state.lose
        }
      }
    }).pipe(Effect.catchAll((error) => Effect.logWarning(`leases could not be renewed: ${error.message}`)))

    /** Loses what has run out, and sleeps until the next may. */
    const expire = Effect.gen(function*() {
      const now = yield* instant
      let next = now + millis / renewals
      for (const state of held.values()) {
        if (!state.isLost && now >= state.deadline) {
          yield* state.lose
        } else if (!state.isLost) {
          next = Math.min(next, state.deadline)
        }
      }
      yield* Effect.sleep(Math.max(1, next - now))
    })

    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(millis / renewals), renew)))
    yield* Effect.forkScoped(Effect.forever(expire))

    return {
      take: (shard) =>
        Effect.gen(function*() {
          const asked = yield* instant
          const claim = yield* store.claim(shard)
          return yield* Effect.transposeMapOption(
            claim,
            (claim) => Effect.tap(makeLease(store, claim, deadlineFrom(asked)), (state) => held.set(state, state))
          )
        }),
      giveBack: (lease) =>
        Effect.suspend(() => {
          held.delete(lease)
          // If it cannot be told, the lease runs out by itself.
          return Effect.ignoreLogged(store.release(lease.claim))
        })
    }
  })
