/**
 * Ownership of shards by this runner under one plan. A slot is held while this runner has a lease on each of its shards,
 * and running while @effect/cluster assigns it here too. All leases are renewed together.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { instant } from "./databaseClock.js"
import * as Lease from "./lease.js"
import { type LeaseTable, toKey } from "./leaseTable.js"
import * as Placement from "./placement.js"

export interface Options<R> {
  readonly rows: LeaseTable
  readonly lease: Duration.Duration
  readonly plan: Placement.Plan
  /** True if events are acknowledged on receipt. */
  readonly isStrict: boolean
  /** The least time between two writes of sessions. */
  readonly tick: Duration.Duration
  /** Runs a unit until it is interrupted, or one of its leases is lost. */
  readonly run: (unit: Placement.Unit, leases: ReadonlyArray<Lease.Lease>) => Effect.Effect<void, never, R>
}

export type Ownership = Effect.Effect.Success<ReturnType<typeof make>>

/** A lease is renewed six times in its time, and lost after two thirds without success: the rest is for closing. */
const renewals = 6
const usable = 2 / 3
/** The longest acquisition, in milliseconds: @effect/cluster releases nothing before it has the answer. */
const longestAcquire = 750
const acquirePoll = Schedule.addDelay(Schedule.identity<ReadonlyArray<number>>(), () => "250 millis")

interface Slot {
  readonly number: number
  readonly units: ReadonlyArray<Placement.Unit>
  /** By `toKey`. */
  readonly leases: Map<string, Lease.Held>
  running: Fiber.RuntimeFiber<void> | undefined
  /** True while it is released. */
  isEnding: boolean
  isLost: boolean
  /** True once all of its shards have a lease. */
  isComplete: boolean
}

const isOpen = ({ isEnding, isLost }: Slot) => !isEnding && !isLost
const isHeld = (slot: Slot) => slot.isComplete && isOpen(slot)

const missingIn = ({ leases, units }: Slot, done: ReadonlySet<number>) =>
  units.flatMap((unit) => Placement.listShards(unit, done)).filter((shard) => !leases.has(toKey(shard)))

const leasesIn = (slots: Iterable<Slot>) => Array.from(slots).flatMap(({ leases }) => Array.from(leases.values()))

export const make = <R>(options: Options<R>) =>
  Effect.gen(function*() {
    const { plan, rows } = options
    const millis = Duration.toMillis(options.lease)
    // In a set and not in the scope, which would interrupt one after the other: shards stop at the same time.
    const fibers = yield* FiberSet.make<unknown>()
    const turn = Effect.unsafeMakeSemaphore(1)
    const changed = Effect.unsafeMakeLatch(false)
    const slots = new Map<number, Slot>()
    let isAssigned = (_: number): boolean => false
    let isClosing = false
    const makeLease = yield* Lease.make({
      ...options,
      save: rows.save,
      held: () => leasesIn(slots.values()),
      isHurried: () => Array.from(slots.values()).some(({ isEnding }) => isEnding)
    })
    /** Loses a slot as a whole. Its shards close their sockets; after that it can be acquired again. */
    const lose = (slot: Slot) =>
      Effect.sync(() => {
        slot.isLost = true
        forget(slot)
        slot.leases.forEach((held) => held.unsafeLose())
      })
    /** Forgets a lost slot that is no longer running. */
    const forget = (slot: Slot) => {
      if (slot.isLost && slot.running === undefined && slots.get(slot.number) === slot) {
        slots.delete(slot.number)
      }
    }
    /** Claims the missing leases of slots; one claim at a time, because each makes the fences of another one old. */
    const claim = (wanted: ReadonlyArray<Slot>): Effect.Effect<void, Error> =>
      wanted.length === 0 ? Effect.void : Effect.gen(function*() {
        const done = yield* rows.doneParts(plan)
        const missing = wanted.flatMap((slot) => missingIn(slot, done).map((shard) => ({ shard, slot })))
        const slotsByKey = new Map(missing.map(({ shard, slot }) => [toKey(shard), slot]))
        const asked = yield* instant
        const claims = yield* rows.claim(plan, missing.map(({ shard }) => shard))
        if (isClosing) {
          return yield* rows.release(claims)
        }
        for (const claim of claims) {
          const slot = slotsByKey.get(toKey(claim.shard))
          slot?.leases.set(toKey(claim.shard), makeLease(claim, asked + millis * usable, lose(slot)))
        }
        for (const slot of wanted) {
          slot.isComplete = missingIn(slot, done).length === 0
        }
        changed.unsafeOpen()
      }).pipe(turn.withPermits(1))
    const findSlot = (number: number): Slot => {
      const units = Placement.listUnits(plan, number)
      const slot = slots.get(number) ??
        { number, units, leases: new Map(), running: undefined, isEnding: false, isLost: false, isComplete: false }
      slots.set(number, slot)
      return slot
    }
    const acquire = (numbers: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<number>> =>
      Effect.gen(function*() {
        const since = yield* instant
        // An earlier answer was too late, and the slot belongs elsewhere by now.
        const stray = Array.from(slots.values()).filter((slot) => !numbers.includes(slot.number) && !isUsed(slot))
        yield* Effect.forEach(stray, ({ number }) => release(number), { discard: true })
        const attempt = Effect.suspend(() => {
          const wanted = isClosing ? [] : numbers.map(findSlot).filter(isOpen)
          return claim(wanted.filter(({ isComplete }) => !isComplete)).pipe(
            Effect.catchAll(({ message }) => Effect.logWarning(`shards could not be acquired: ${message}`)),
            Effect.map(() =>
              wanted.filter(({ isComplete, isLost }) => isComplete && !isLost).map(({ number }) => number)
            )
          )
        })
        return yield* Effect.repeat(attempt, {
          until: ({ length }) => Effect.map(instant, (now) => length > 0 || isClosing || now - since > longestAcquire),
          schedule: acquirePoll
        })
      }).pipe(
        // In a fiber of its own: an answer counts also when @effect/cluster has stopped waiting for it.
        (acquiring) => FiberSet.run(fibers, acquiring),
        Effect.flatMap(Fiber.join)
      )
    const release = (number: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const slot = slots.get(number)
        if (slot === undefined) {
          return Effect.void
        }
        slot.isEnding = true
        // After the present claim nothing starts the slot again.
        return turn.withPermits(1)(Effect.void).pipe(
          Effect.zipRight(Effect.suspend(() => Fiber.interruptAll(slot.running === undefined ? [] : [slot.running]))),
          Effect.zipRight(Effect.suspend(() => {
            slots.delete(number)
            const held = leasesIn([slot]).filter(({ isLost }) => !isLost)
            held.forEach((held) => held.unsafeLose())
            return rows.release(held.map(({ claim }) => claim))
          })),
          Effect.catchAll((error) => Effect.logWarning(`leases could not be released, and expire: ${error.message}`)),
          Effect.uninterruptible
        )
      })
    const releaseAll = Effect.suspend(() =>
      Effect.forEach(Array.from(slots.keys()), release, { concurrency: "unbounded", discard: true })
    )
    const run = (slot: Slot) =>
      Effect.forEach(
        slot.units,
        (unit) => options.run(unit, Placement.listShards(unit).flatMap((shard) => slot.leases.get(toKey(shard)) ?? [])),
        { concurrency: "unbounded", discard: true }
      ).pipe(
        Effect.ensuring(Effect.sync(() => {
          slot.running = undefined
          forget(slot)
        })),
        Effect.interruptible,
        (running) => FiberSet.run(fibers, running)
      )
    /** True while anything needs the slot. Other leases expire. */
    const isUsed = (slot: Slot) => !slot.isLost && (slot.running !== undefined || isAssigned(slot.number))
    /** Runs the slots that are held and assigned. */
    const reconcile = Effect.gen(function*() {
      changed.unsafeClose()
      const open = Array.from(slots.values()).filter((slot) => isOpen(slot) && slot.running === undefined)
      for (const slot of open) {
        const start = Effect.map(run(slot), (fiber) => {
          slot.running = fiber
        })
        yield* turn.withPermits(1)(Effect.when(start, () => isHeld(slot) && isAssigned(slot.number)))
      }
      // @effect/cluster does not say when it has noted an acquisition.
      yield* open.length > 0 ? Effect.sleep("50 millis") : changed.await
    })
    let wasRenewed = true
    const renew = Effect.gen(function*() {
      const before = leasesIn(Array.from(slots.values()).filter(isUsed))
      const asked = yield* instant
      const exit = yield* Effect.exit(rows.renew(before.map(({ claim }) => claim)))
      if (Exit.isFailure(exit)) {
        const warning = "leases could not be renewed; shards disconnect when the leases expire"
        yield* wasRenewed ? Effect.logWarning(warning, exit.cause) : Effect.void
        wasRenewed = false
        return yield* Effect.sleep(Math.min(500, millis / 20))
      }
      wasRenewed = true
      for (const held of before) {
        if (exit.value.has(toKey(held.claim.shard))) {
          held.deadline = asked + millis * usable
        } else if (!held.isLost) {
          yield* Effect.logWarning(
            `lease lost: shard ${held.claim.shard} was disconnected, because another runner has it`
          )
          yield* held.loseAll
        }
      }
      yield* Effect.sleep(millis / renewals)
    })
    /** Loses slots at their deadlines. */
    const expire = Effect.gen(function*() {
      const now = yield* instant
      let next = now + millis / renewals
      for (const slot of Array.from(slots.values()).filter(({ isLost }) => !isLost)) {
        const deadline = Math.min(...leasesIn([slot]).map((held) => held.deadline))
        if (now < deadline) {
          next = Math.min(next, deadline)
          continue
        }
        const message =
          `lease lost: the shards of slot ${slot.number} were disconnected, because the database did not renew it in time`
        yield* isUsed(slot) ? Effect.logWarning(message) : Effect.void
        yield* lose(slot)
      }
      yield* Effect.sleep(Math.max(1, next - now))
    })
    yield* Effect.forEach([renew, expire, reconcile], (loop) => Effect.forkScoped(Effect.forever(loop)))
    return {
      /** Acquires free ones of these slots, and returns those that are held then. Waits a little if there are none. */
      acquire,
      unsafeIsHeld: (number: number) => Option.exists(Option.fromNullable(slots.get(number)), isHeld),
      /** Stops a slot, and releases its leases. */
      release,
      /** Releases all slots at the same time. */
      releaseAll,
      /** Releases all slots, and acquires no others. */
      close: Effect.suspend(() => {
        isClosing = true
        return releaseAll
      }),
      /** Sets the test of a slot that is assigned here; until then no slot is. */
      unsafeSetAssignment: (test: (slot: number) => boolean) => {
        isAssigned = test
      }
    }
  })
