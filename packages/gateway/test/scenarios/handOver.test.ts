import { assert, describe, it } from "@effect/vitest"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Diagnostic from "../../src/Diagnostic.js"
import * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import * as ShardConfig from "../../src/ShardConfig.js"
import { entries, inject, layer, startShard, token } from "../harness.js"

/** Sends events with these numbers as their content. */
const send = (from: number, to: number) =>
  Effect.flatMap(GatewaySimulator.GatewaySimulator, (simulator) =>
    Effect.forEach(
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
      (number) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content: String(number) } }),
      { discard: true }
    ))

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

const readNumber = (event: Dispatch.Dispatch) => event.t === "MESSAGE_CREATE" ? [Number(event.d.content)] : []

/** Records the numbers of events, and handles each for the given time. */
const handle = (shard: Shard.Shard, handled: Array<number>, millis = 0) =>
  shard.runForEach((event) => Effect.delay(Effect.sync(() => handled.push(...readNumber(event))), millis))

const key: SessionStore.Key = { bot: "11", shard: ShardId.single }

const stored = Effect.flatMap(SessionStore.SessionStore, (store) => store.load(key))

const config = (options: Partial<ShardConfig.Options>) =>
  ShardConfig.layer({ token: Redacted.make(token), intents: Intents.nonPrivileged, ...options })

/** A simulated gateway that outlives processes, on the virtual Clock. */
const world = <A, E>(
  effect: Effect.Effect<
    A,
    E,
    Layer.Layer.Success<ReturnType<typeof layer>> | SessionStore.SessionStore | Scope.Scope
  >,
  options: Parameters<typeof layer>[0] = {},
  store: Layer.Layer<SessionStore.SessionStore> = SessionStore.layerMemory
) =>
  Effect.flatMap(
    VirtualClock.make(),
    (clock) => clock.run(Effect.provide(Effect.scoped(effect), Layer.merge(layer(options), store)))
  )

/** One process: runs the program on a shard until its scope closes. */
const life = <A, E, R>(use: (shard: Shard.Shard) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(startShard, use))

const modes = ["onReceive", "onHandled"] as const

describe("the session of an earlier process", () => {
  it.live("given as an option is resumed, and the events in between come first", () =>
    world(Effect.gen(function*() {
      const session = yield* life((shard) =>
        Effect.zipRight(
          Effect.repeat(shard.nextEvent, { until: ({ t }) => t === "READY" }),
          shard.close(CloseFrame.RESUME)
        )
      )
      yield* send(1, 3)
      const handled: Array<number> = []
      yield* life((shard) => Effect.zipRight(Effect.forkScoped(handle(shard, handled)), Effect.sleep("1 second"))).pipe(
        Effect.provide(config({ session: Option.getOrThrow(session) })),
        Effect.provideService(SessionStore.SessionStore, yield* SessionStore.makeMemory)
      )
      assert.deepStrictEqual(handled, [1, 2, 3])
      assert.strictEqual((yield* entries("Identified")).length, 1)
      assert.strictEqual((yield* entries("Resumed")).length, 1)
    })))

  for (const acknowledge of modes) {
    it.live(
      `in the store is resumed, whatever the moment of the hand-over: nothing lost or repeated ${acknowledge}`,
      () =>
        Effect.gen(function*() {
          const histories = FastCheck.sample(
            FastCheck.array(
              FastCheck.record({
                events: FastCheck.integer({ min: 0, max: 30 }),
                after: FastCheck.integer({ min: 0, max: 400 }),
                handling: FastCheck.integer({ min: 0, max: 20 })
              }),
              { minLength: 5, maxLength: 10 }
            ),
            { numRuns: 6, seed: 3 }
          )
          for (const history of histories) {
            yield* world(
              Effect.gen(function*() {
                const handled: Array<number> = []
                let sent = 0
                yield* life(() => Effect.sleep("1 second"))
                for (const { after, events, handling } of history) {
                  yield* life((shard) =>
                    Effect.gen(function*() {
                      yield* Effect.forkScoped(handle(shard, handled, handling))
                      yield* Effect.sleep(after)
                      yield* send(sent + 1, sent + events)
                      sent += events
                      yield* Effect.sleep(after)
                    })
                  )
                }
                yield* life((shard) =>
                  Effect.zipRight(Effect.forkScoped(handle(shard, handled)), Effect.sleep("1 second"))
                )
                assert.deepStrictEqual(handled, upTo(sent))
                assert.strictEqual((yield* entries("Identified")).length, 1, "identifies")
                const simulator = yield* GatewaySimulator.GatewaySimulator
                assert.deepStrictEqual(yield* simulator.violations, [])
              }),
              { config: { acknowledge }, simulator: { latency: 5 } }
            )
          }
        }),
      20_000
    )
  }

  it.live("is handed over after READY alone, at any step of the scheduler", () =>
    Effect.gen(function*() {
      for (let moment = 0; moment < 40; moment++) {
        yield* world(Effect.gen(function*() {
          const handled: Array<number> = []
          yield* life(() => Effect.sleep("1 second"))
          yield* send(1, 20)
          yield* life((shard) =>
            Effect.zipRight(
              Effect.forkScoped(handle(shard, handled)),
              Effect.repeatN(Effect.yieldNow(), moment)
            )
          )
          yield* life((shard) => Effect.zipRight(Effect.forkScoped(handle(shard, handled)), Effect.sleep("1 second")))
          assert.deepStrictEqual(handled, upTo(20), `at ${moment}`)
        }))
      }
    }))

  it.live("is not taken up by a shard of another total, or of another bot", () =>
    world(Effect.gen(function*() {
      yield* life(() => Effect.sleep("1 second"))
      const other = yield* Effect.scoped(
        Effect.flatMap(Shard.make(ShardId.unsafeMake(0, 2)), (shard) =>
          Effect.zipRight(shard.connect, Effect.zipRight(Effect.sleep("10 seconds"), shard.session)))
      )
      assert.isTrue(Option.isSome(other))
      assert.strictEqual((yield* entries("Identified")).length, 2)
      assert.strictEqual((yield* entries("Resumed")).length, 0)
    })))
})

describe("the stored session", () => {
  it.live("moves on with the events, at each interval", () =>
    world(
      Effect.gen(function*() {
        yield* life((shard) =>
          Effect.gen(function*() {
            yield* Effect.forkScoped(handle(shard, []))
            yield* Effect.sleep("1 second")
            const before = Option.getOrThrow(yield* stored).sequence
            yield* send(1, 5)
            yield* Effect.sleep("2 seconds")
            assert.strictEqual(Option.getOrThrow(yield* stored).sequence, before + 5)
          })
        )
      }),
      { config: { acknowledge: "onHandled", saveInterval: "2 seconds" } }
    ))

  const ends: ReadonlyArray<
    readonly [
      name: string,
      end: (shard: Shard.Shard) => Effect.Effect<unknown, never, GatewaySimulator.GatewaySimulator>
    ]
  > = [
    ["when the program closes the shard with 1000", (shard) => shard.close(CloseFrame.NORMAL)],
    ["when the gateway closes it permanently", () => inject(Fault.Close({ code: 4004, reason: "" }))],
    ["when the gateway invalidates it", () =>
      Effect.zipRight(
        inject(Fault.RefuseConnections({ host: "any", times: 100, status: 503 })),
        inject(Fault.InvalidSession({ resumable: false }))
      )]
  ]
  for (const [name, end] of ends) {
    it.live(`is removed ${name}`, () =>
      world(life((shard) =>
        Effect.gen(function*() {
          yield* Effect.sleep("1 second")
          assert.isTrue(Option.isSome(yield* stored))
          yield* end(shard)
          yield* Effect.sleep("1 second")
          assert.deepStrictEqual(yield* stored, Option.none())
        })
      )))
  }

  it.live("that the gateway no longer knows costs one attempt, and no more", () =>
    world(Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      yield* store.save(key, new Session.Session({ id: "from-last-week", sequence: 77 }))
      yield* life((shard) =>
        Effect.gen(function*() {
          yield* Effect.sleep("1 minute")
          assert.notStrictEqual(Option.getOrThrow(yield* shard.session).id, "from-last-week")
        })
      )
      assert.strictEqual((yield* entries("Identified")).length, 1)
    })))

  const readers: ReadonlyArray<
    readonly [
      name: string,
      read: (
        shard: Shard.Shard,
        see: (event: Dispatch.Dispatch) => Effect.Effect<unknown>
      ) => Effect.Effect<unknown, unknown>
    ]
  > = [
    ["runForEach", (shard, see) => shard.runForEach(see)],
    [
      "a subscriber",
      (shard, see) => Effect.scoped(Effect.flatMap(shard.subscribe(), ({ events }) => Stream.runForEach(events, see)))
    ]
  ]
  for (const [name, read] of readers) {
    it.live(`is never behind what ${name} may read, where nothing may be handled twice`, () =>
      Effect.gen(function*() {
        const memory = yield* SessionStore.makeMemory
        let durable = 0
        // A slow store.
        const slow: SessionStore.SessionStore = {
          ...memory,
          save: (key, session) =>
            Effect.zipRight(
              Effect.delay(memory.save(key, session), "300 millis"),
              Effect.sync(() => durable = session.sequence)
            )
        }
        yield* world(
          life((shard) =>
            Effect.gen(function*() {
              const seen: Array<readonly [sequence: number, durable: number]> = []
              yield* Effect.forkScoped(read(shard, (event) => Effect.sync(() => seen.push([event.s, durable]))))
              yield* Effect.sleep("1 second")
              for (let i = 0; i < 30; i++) {
                yield* send(i, i)
                yield* Effect.sleep("70 millis")
              }
              yield* Effect.sleep("1 second")
              assert.strictEqual(seen.length, 31)
              for (const [sequence, durable] of seen) {
                assert.isAtMost(sequence, durable)
              }
            })
          ),
          {},
          Layer.succeed(SessionStore.SessionStore, slow)
        )
      }))
  }
})

describe("a session store that fails", () => {
  const failing = (operation: SessionStore.SessionStoreError["operation"]) =>
    Effect.fail(new SessionStore.SessionStoreError({ operation, cause: new Error("the disk is full") }))
  const stores: ReadonlyArray<readonly [name: string, store: SessionStore.SessionStore, problem: RegExp]> = [
    [
      "at every operation",
      { load: () => failing("load"), save: () => failing("save"), remove: () => failing("remove") },
      /the disk is full/
    ],
    [
      "by never answering",
      { load: () => Effect.never, save: () => Effect.never, remove: () => Effect.never },
      /over 5s/
    ],
    [
      "with a defect",
      { load: () => Effect.die("broken"), save: () => Effect.die("broken"), remove: () => Effect.die("broken") },
      /broken/
    ]
  ]
  for (const acknowledge of modes) {
    for (const [name, store, problem] of stores) {
      it.live(`${name} is reported, and does not stop a shard that acknowledges ${acknowledge}`, () =>
        world(
          Effect.gen(function*() {
            const diagnostics: Array<Diagnostic.Diagnostic> = []
            const handled: Array<number> = []
            yield* life((shard) =>
              Effect.gen(function*() {
                yield* Effect.forkScoped(
                  Stream.runForEach(shard.diagnostics, (diagnostic) => Effect.sync(() => diagnostics.push(diagnostic)))
                )
                yield* Effect.forkScoped(handle(shard, handled))
                yield* Effect.sleep("20 seconds")
                yield* send(1, 3)
                yield* Effect.sleep("20 seconds")
              })
            )
            assert.deepStrictEqual(handled, [1, 2, 3])
            const failures = diagnostics.filter(({ _tag }) => _tag === "SessionStoreFailed")
            assert.strictEqual(failures.length, 2, "one for load, one for save")
            failures.forEach((failure) =>
              assert.match(failure._tag === "SessionStoreFailed" ? failure.error.message : "", problem)
            )
          }),
          { config: { acknowledge } },
          Layer.succeed(SessionStore.SessionStore, store)
        ))
    }
  }
})

describe("acknowledging without runForEach", () => {
  it.live("counts what nextEvent gave as handled once its fiber asks for the next", () =>
    world(
      life((shard) =>
        Effect.gen(function*() {
          const sequence = Effect.map(shard.session, Option.map(({ sequence }) => sequence))
          yield* Effect.repeat(shard.nextEvent, { until: ({ t }) => t === "READY" })
          yield* send(1, 3)
          yield* shard.nextEvent
          assert.deepStrictEqual(yield* sequence, Option.some(1))
          yield* shard.nextMessage
          assert.deepStrictEqual(yield* sequence, Option.some(2))
          yield* shard.nextEvent
          assert.deepStrictEqual(yield* sequence, Option.some(3))
        })
      ),
      { config: { acknowledge: "onHandled" } }
    ))

  it.live("counts what nextEvent gave as handled when its fiber ends well, and gives it to another if it does not", () =>
    world(
      life((shard) =>
        Effect.gen(function*() {
          const sequence = Effect.map(shard.session, Option.map(({ sequence }) => sequence))
          yield* Effect.repeat(shard.nextEvent, { until: ({ t }) => t === "READY" })
          yield* send(1, 2)
          const fails = Effect.zipRight(shard.nextEvent, Effect.fail("no"))
          yield* Effect.flip(Fiber.join(yield* Effect.fork(fails)))
          assert.deepStrictEqual(yield* sequence, Option.some(1))
          const endless = yield* Effect.fork(Effect.zipRight(shard.nextEvent, Effect.never))
          yield* Effect.sleep("1 second")
          yield* Fiber.interrupt(endless)
          assert.strictEqual((yield* Fiber.join(yield* Effect.fork(shard.nextEvent))).s, 2)
          assert.deepStrictEqual(yield* sequence, Option.some(2))
          assert.strictEqual((yield* shard.nextEvent).s, 3)
        })
      ),
      { config: { acknowledge: "onHandled" } }
    ))

  it.live("streams acknowledge nothing: the session follows what was received", () =>
    world(
      life((shard) =>
        Effect.gen(function*() {
          const sequence = Effect.map(shard.session, Option.map(({ sequence }) => sequence))
          yield* Effect.forkScoped(
            Stream.runForEach(shard.events, (event) => event.s === 3 ? Effect.never : Effect.void)
          )
          yield* Effect.sleep("1 second")
          yield* send(1, 3)
          yield* Effect.sleep("1 second")
          assert.deepStrictEqual(yield* sequence, Option.some(4))
        })
      ),
      { config: { acknowledge: "onHandled" } }
    ))
})
