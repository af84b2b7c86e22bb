/**
 * Which shards this runner owns. @effect/cluster decides where a slot belongs and asks for it; a slot is held while this
 * runner has a lease on each of its shards, and it is hosted while it is held and @effect/cluster still says that it
 * belongs here. There is one heartbeat: the renewal of all leases together.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as DatabaseClock from "./databaseClock.js"
import { instant } from "./instant.js"
import * as Lease from "./lease.js"
import * as OwnershipRows from "./ownershipRows.js"
import * as Placement from "./placement.js"
import * as SessionWriter from "./sessionWriter.js"

export interface Options<R> {
  readonly rows: OwnershipRows.OwnershipRows
  readonly lease: Duration.Duration
  readonly plan: Placement.Plan
  /** Whether events are acknowledged on receipt. */
  readonly isStrict: boolean
  /** The least time between two writes of sessions. */
  readonly tick: Duration.Duration
  /** Hosts a unit until it is interrupted, or one of its leases is lost. */
  readonly host: (
    unit: Placement.Unit,
    leases: ReadonlyArray<Lease.Lease>
  ) => Effect.Effect<void, never, R>
}

export interface Ownership {
  /** Takes what is free of these slots; those that are held then. Never fails, and waits a little for some of them. */
  readonly acquire: (slots: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<number>>
  readonly unsafeIsHeld: (slot: number) => boolean
  /** Stops hosting a slot, and gives its leases back. */
  readonly release: (slot: number) => Effect.Effect<void>
  /** Does so with all slots at the same time. */
  readonly releaseAll: Effect.Effect<void>
  /** Does so too, and acquires nothing any more. */
  readonly close: Effect.Effect<void>
  /** Stops hosting, keeps the leases that the new plan has a use for, and gives the others back. */
  readonly changePlan: (plan: Placement.Plan) => Effect.Effect<void>
  /** Sets who says whether a slot belongs here; until then none does. */
  readonly unsafeFollow: (belongs: (slot: number) => boolean) => void
  readonly clock: DatabaseClock.DatabaseClock
}

/** How a lease is divided: renewed six times, lost after two thirds without success, the rest is for closing. */
const renewals = 6
const usable = 2 / 3

/** How often it is looked whether a slot can be hosted, and how often it is tried to get what is not free yet. */
const look = Duration.millis(50)
const retry = Duration.millis(250)

/** How long @effect/cluster waits for an answer at most, in milliseconds: meanwhile it releases nothing. */
const longestAcquire = 750

interface Slot {
  readonly number: number
  units: ReadonlyArray<Placement.Unit>
  /** By `OwnershipRows.keyOf`. */
  readonly leases: Map<string, Lease.Held>
  hosting: Fiber.RuntimeFiber<void> | undefined
  isLost: boolean
  /** Whether it is being given back. */
  isEnding: boolean
  /** Whether all shards have a lease. */
  isComplete: boolean
}

export const make = <R>(options: Options<R>): Effect.Effect<Ownership, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const { rows } = options
    const millis = Duration.toMillis(options.lease)
    const clock = DatabaseClock.make(options.lease)
    // Forked here and not in the scope, which would interrupt one after the other: shards stop at the same time.
    const fibers = yield* FiberSet.make<unknown>()
    const turn = Effect.unsafeMakeSemaphore(1)
    const changed = Effect.unsafeMakeLatch(false)
    const slots = new Map<number, Slot>()
    let plan = options.plan
    let belongs = (_: number): boolean => false
    let isClosing = false

    const heldOf = function*(): Iterable<Lease.Held> {
      for (const slot of slots.values()) {
        yield* slot.leases.values()
      }
    }
    const writer = yield* SessionWriter.make({
      save: rows.save,
      entries: heldOf,
      lose: (entry) =>
        Effect.suspend(() => {
          const slot = Array.from(slots.values()).find(({ leases }) =>
            leases.get(OwnershipRows.keyOf(entry.claim.shard)) === entry
          )
          return slot === undefined ? Effect.void : lose(slot)
        }),
      tick: options.tick
    })

    /** A slot is lost as a whole. What hosts it closes its sockets; after that it can be acquired again. */
    const lose = (slot: Slot) =>
      Effect.suspend(() => {
        slot.isLost = true
        if (slot.hosting === undefined) {
          slots.delete(slot.number)
        }
        return Effect.forEach(slot.leases.values(), ({ lose }) => lose, { discard: true })
      })

    const wantedOf = (slot: Slot, done: ReadonlySet<number>) =>
      slot.units.flatMap((unit) => Placement.shardsOf(unit, done))

    /** Claims what is missing of these slots; one claim at a time, because each makes the fences of another one old. */
    const claim = (wanted: ReadonlyArray<Slot>): Effect.Effect<void, Error> =>
      Effect.gen(function*() {
        const of = plan
        const done = yield* rows.doneParts(of)
        const missing = new Map(wanted.flatMap((slot) =>
          wantedOf(slot, done)
            .filter((shard) => !slot.leases.has(OwnershipRows.keyOf(shard)))
            .map((shard) => [OwnershipRows.keyOf(shard), { shard, slot }] as const)
        ))
        const asked = yield* instant
        const claims = yield* rows.claim(of, Array.from(missing.values(), ({ shard }) => shard), clock.latest(asked))
        if (plan !== of || isClosing) {
          return yield* rows.release(claims)
        }
        for (const claim of claims) {
          const key = OwnershipRows.keyOf(claim.shard)
          missing.get(key)?.slot.leases.set(
            key,
            yield* Lease.make(claim, asked + millis * usable, { writer, isStrict: options.isStrict })
          )
        }
        changed.unsafeOpen()
        for (const slot of wanted) {
          slot.isComplete = wantedOf(slot, done).every((shard) => slot.leases.has(OwnershipRows.keyOf(shard)))
        }
      }).pipe(turn.withPermits(1))

    const slotOf = (number: number): Slot => {
      const known = slots.get(number)
      if (known !== undefined) {
        return known
      }
      const slot: Slot = {
        number,
        units: Placement.unitsOf(plan, number),
        leases: new Map(),
        hosting: undefined,
        isLost: false,
        isEnding: false,
        isComplete: false
      }
      slots.set(number, slot)
      return slot
    }

    const tryToClaim = (wanted: ReadonlyArray<Slot>) =>
      Effect.catchAll(claim(wanted), (error) => Effect.logWarning(`shards could not be acquired: ${error.message}`))

    const acquire: Ownership["acquire"] = (numbers) =>
      Effect.gen(function*() {
        const since = yield* instant
        // An earlier answer came too late, and the slot belongs elsewhere by now.
        const asked = new Set(numbers)
        const stray = Array.from(slots.values()).filter((slot) => !asked.has(slot.number) && !isUsed(slot))
        yield* Effect.forEach(stray, ({ number }) => release(number), { discard: true })
        while (!isClosing) {
          const wanted = numbers.map(slotOf).filter(({ isEnding, isLost }) => !isEnding && !isLost)
          const open = wanted.filter(({ isComplete }) => !isComplete)
          yield* open.length === 0 ? Effect.void : tryToClaim(open)
          const complete = wanted.filter(({ isComplete, isLost }) => isComplete && !isLost)
          if (complete.length > 0 || (yield* instant) - since > longestAcquire) {
            return complete.map(({ number }) => number)
          }
          yield* Effect.sleep(retry)
        }
        return []
      }).pipe(
        // An answer that comes after @effect/cluster has stopped waiting for it still has to be noted.
        (acquiring) => FiberSet.run(fibers, acquiring),
        Effect.flatMap(Fiber.join)
      )

    /** Stops hosting slots, and lets nothing host them until they are claimed again. */
    const stop = (all: ReadonlyArray<Slot>) =>
      turn.withPermits(1)(Effect.sync(() =>
        all.forEach((slot) => {
          slot.isComplete = false
        })
      )).pipe(
        // What is stopped saves its session: that does not wait for the next tick.
        Effect.zipRight(writer.hurry),
        Effect.zipRight(
          Effect.suspend(() => Fiber.interruptAll(all.flatMap(({ hosting }) => hosting === undefined ? [] : [hosting])))
        ),
        Effect.scoped
      )

    const giveBack = (claims: ReadonlyArray<OwnershipRows.Claim>) =>
      // Otherwise the leases expire by themselves.
      Effect.catchAll(
        rows.release(claims),
        (error) => Effect.logWarning(`leases could not be given back, and expire: ${error.message}`)
      )

    const claimsOf = (held: Iterable<Lease.Held>) =>
      Array.from(held).filter(({ isLost }) => !isLost).map(({ claim }) => claim)

    const release: Ownership["release"] = (number) =>
      Effect.suspend(() => {
        const slot = slots.get(number)
        if (slot === undefined) {
          return Effect.void
        }
        slot.isEnding = true
        return Effect.uninterruptible(Effect.zipRight(
          stop([slot]),
          Effect.suspend(() => {
            const claims = claimsOf(slot.leases.values())
            slots.delete(number)
            // Nothing is written any more.
            slot.leases.forEach((held) => {
              held.isLost = true
            })
            return giveBack(claims)
          })
        ))
      })

    const host = (slot: Slot) =>
      Effect.forEach(
        slot.units,
        (unit) => {
          const keys = Placement.shardsOf(unit, new Set()).map(OwnershipRows.keyOf)
          return options.host(unit, keys.flatMap((key) => slot.leases.get(key)?.lease ?? []))
        },
        { concurrency: "unbounded", discard: true }
      ).pipe(
        Effect.ensuring(Effect.sync(() => {
          slot.hosting = undefined
          if (slot.isLost && slots.get(slot.number) === slot) {
            slots.delete(slot.number)
          }
        })),
        Effect.interruptible,
        (hosting) => FiberSet.run(fibers, hosting)
      )

    // --- what is done again and again ---

    /** Hosts what is held and belongs here, and completes what belongs here and is not held. */
    const reconcile = Effect.gen(function*() {
      changed.unsafeClose()
      const open = Array.from(slots.values()).filter((slot) =>
        !slot.isLost && !slot.isEnding && slot.hosting === undefined && slot.units.length > 0
      )
      for (const slot of open) {
        yield* turn.withPermits(1)(Effect.suspend(() =>
          slot.isComplete && !slot.isLost && belongs(slot.number)
            ? Effect.map(host(slot), (fiber) => {
              slot.hosting = fiber
            })
            : Effect.void
        ))
      }
      // After a change of the plan: @effect/cluster has given these slots to this runner before.
      const incomplete = open.filter((slot) => !slot.isComplete && !slot.isLost && belongs(slot.number))
      yield* incomplete.length === 0 ? Effect.void : Effect.zipRight(tryToClaim(incomplete), Effect.sleep(retry))
      // @effect/cluster does not say when it has taken note of what it has acquired.
      yield* open.length > 0 ? Effect.sleep(look) : changed.await
    })

    /** Whether anything has a use for the slot: leases that nothing has a use for expire. */
    const isUsed = (slot: Slot) => !slot.isLost && (slot.hosting !== undefined || belongs(slot.number))

    let wasRenewed = true
    const renew = Effect.gen(function*() {
      const used = Array.from(slots.values()).filter(isUsed)
      const before = used.flatMap((slot) => Array.from(slot.leases.values(), (held) => ({ held, slot })))
      const asked = yield* instant
      const exit = yield* Effect.exit(rows.renew(before.map(({ held }) => held.claim)))
      if (Exit.isFailure(exit)) {
        yield* wasRenewed ? Effect.logWarning("leases could not be renewed", exit.cause) : Effect.void
        wasRenewed = false
        return yield* Effect.sleep(Math.min(500, millis / 20))
      }
      wasRenewed = true
      for (const { held, slot } of before) {
        if (held.isLost) {
          continue
        }
        if (exit.value.has(OwnershipRows.keyOf(held.claim.shard))) {
          held.deadline = asked + millis * usable
        } else {
          yield* Effect.logWarning(
            `lease lost: shard ${held.claim.shard} was disconnected, because another runner has it`
          )
          yield* lose(slot)
        }
      }
      yield* Effect.sleep(millis / renewals)
    })

    /** Loses what has expired, and sleeps until the next may. */
    const expire = Effect.gen(function*() {
      const now = yield* instant
      let next = now + millis / renewals
      for (const slot of slots.values()) {
        if (slot.isLost) {
          continue
        }
        const deadline = Math.min(...Array.from(slot.leases.values(), (held) => held.deadline))
        if (now >= deadline) {
          yield* isUsed(slot)
            ? Effect.logWarning(
              `lease lost: the shards of slot ${slot.number} were disconnected, because the database did not renew it in time`
            )
            : Effect.void
          yield* lose(slot)
        } else {
          next = Math.min(next, deadline)
        }
      }
      yield* Effect.sleep(Math.max(1, next - now))
    })

    yield* Effect.forkScoped(Effect.forever(renew))
    yield* Effect.forkScoped(Effect.forever(expire))
    yield* Effect.forkScoped(Effect.forever(reconcile))

    const releaseAll = Effect.suspend(() =>
      Effect.forEach(Array.from(slots.keys()), release, { concurrency: "unbounded", discard: true })
    )

    return {
      acquire,
      unsafeIsHeld: (number) => {
        const slot = slots.get(number)
        // One that is incomplete after a change of the plan is being completed.
        return slot !== undefined && !slot.isLost && (slot.isComplete || belongs(number))
      },
      release,
      releaseAll,
      close: Effect.suspend(() => {
        isClosing = true
        return releaseAll
      }),
      changePlan: (next) =>
        Effect.gen(function*() {
          const isSamePlacement = Placement.slotsOf(next) === Placement.slotsOf(plan)
          plan = next
          const before = Array.from(slots.values())
          yield* stop(before)
          changed.unsafeOpen()
          const unwanted: Array<Lease.Held> = []
          for (const slot of before) {
            slot.units = isSamePlacement ? Placement.unitsOf(next, slot.number) : []
            const wanted = new Set(isSamePlacement ? wantedOf(slot, new Set()).map(OwnershipRows.keyOf) : [])
            for (const [key, held] of slot.leases) {
              if (!wanted.has(key)) {
                slot.leases.delete(key)
                unwanted.push(held)
              }
            }
            if (!isSamePlacement) {
              slots.delete(slot.number)
            }
          }
          yield* giveBack(claimsOf(unwanted))
        }).pipe(Effect.uninterruptible),
      unsafeFollow: (follow) => {
        belongs = follow
      },
      clock
    }
  })
