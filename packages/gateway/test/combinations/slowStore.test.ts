/**
 * The order of a guild's events while a fleet is resharded and its sessions are stored at different speeds. With `onReceive`, an event
 * waits until its session is stored, and a later event of the same guild may be in a session that is stored sooner.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as ShardId from "@vesper/model/ShardId"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Fleet from "../../src/Fleet.js"
import * as SessionStore from "../../src/SessionStore.js"
import { entries, inject, layer } from "../harness.js"
import { receivedOf } from "./record.js"

const world = World.make({ seed: 11, guilds: 6, membersPerGuild: 1 })
const guilds: ReadonlyArray<string> = world.guilds.map(({ id }) => id)

/** The number of shards before and after. */
const [before, after] = [2, 4]

type Receive = (event: Dispatch.Dispatch) => Effect.Effect<void>

const readers: Record<string, (fleet: Fleet.Fleet, receive: Receive) => Effect.Effect<unknown, unknown>> = {
  "a handler": (fleet, receive) => fleet.runForEach(({ event }) => receive(event)),
  "several handlers at a time": (fleet, receive) =>
    fleet.runForEach(({ event }) => Effect.zipRight(Effect.sleep("1 millis"), receive(event)), { concurrency: 4 }),
  "a stream": (fleet, receive) => Stream.runForEach(fleet.events, ({ event }) => receive(event)),
  nextEvent: (fleet, receive) => Effect.forever(Effect.flatMap(fleet.nextEvent, ({ event }) => receive(event)))
}

/** A store in which each save takes a random time for the shards of one total. */
const makeStore = (slow: number) =>
  Effect.map(SessionStore.makeMemory, (store): SessionStore.SessionStore => ({
    ...store,
    save: (key, session) =>
      Effect.zipRight(
        key.shard.total === slow
          ? Effect.flatMap(Random.nextIntBetween(50, 800), (millis) => Effect.sleep(millis))
          : Effect.void,
        store.save(key, session)
      )
  }))

/** Drops the connections of all shards of a total. */
const drop = (total: ShardId.ShardId["total"]) =>
  Effect.gen(function*() {
    const { sessions } = yield* GatewaySimulator.GatewaySimulator
    const ofTotal = new Set((yield* sessions).filter((session) => session.total === total).map(({ id }) => id))
    const connections = new Map<string, number>()
    for (const { connection, session } of [...yield* entries("Identified"), ...yield* entries("Resumed")]) {
      connections.set(session, connection)
    }
    for (const [session, connection] of connections) {
      if (ofTotal.has(session)) {
        yield* inject(Fault.Drop(), { connection })
      }
    }
  })

/** Sends events for 8 seconds, while the connections of one total drop. The first guild is silent, so that both sets stay as long. */
const load = (slow: number, sent: Map<string, Array<number>>) =>
  Effect.gen(function*() {
    const gateway = yield* GatewaySimulator.GatewaySimulator
    for (let n = 1; n <= 200; n++) {
      const guild = guilds[yield* Random.nextIntBetween(1, guilds.length)] ?? ""
      const isMessage = n % 2 === 0
      yield* gateway.dispatch({
        t: isMessage ? "MESSAGE_CREATE" : "TYPING_START",
        d: { ...isMessage ? { id: String(1_000 + n) } : {}, guild_id: guild, n },
        guildId: guild
      })
      sent.set(guild, [...sent.get(guild) ?? [], n])
      if (n % 50 === 0) {
        yield* drop(slow)
      }
      yield* Effect.sleep("40 millis")
    }
  })

const play = (slow: number, read: (fleet: Fleet.Fleet, receive: Receive) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make(1_700_000_000_000)
    const life: Effect.Effect<void, unknown, Fleet.Requirements | GatewaySimulator.GatewaySimulator | Scope.Scope> =
      Effect.gen(function*() {
        const fleet = yield* Fleet.make({ shards: { total: before } })
        const [sent, received] = [new Map<string, Array<number>>(), new Map<string, Array<number>>()]
        yield* Effect.forkScoped(read(fleet, (event) =>
          Effect.sync(() => {
            for (const { guild, n } of Option.toArray(Option.fromNullable(receivedOf(event)))) {
              received.set(guild, [...received.get(guild) ?? [], n])
            }
          })))
        yield* fleet.awaitReady
        const sending = yield* Effect.forkScoped(load(slow, sent))
        yield* fleet.reshard(after, { lag: "6 seconds" })
        yield* Fiber.join(sending)
        yield* Effect.sleep("10 seconds")
        assert.deepStrictEqual(received, sent)
      })
    const store = yield* makeStore(slow)
    yield* life.pipe(
      Effect.scoped,
      Effect.provideService(SessionStore.SessionStore, store),
      Effect.withRandom(Random.make("slow store")),
      Effect.provide(layer({
        config: { acknowledge: "onReceive" },
        maxConcurrency: 8,
        simulator: { world, latency: "3 millis", maxConcurrency: 8 }
      })),
      clock.run
    )
  })

describe("a fleet that is resharded while the sessions of one set are stored slowly", () => {
  for (const [name, read] of Object.entries(readers)) {
    it.live(`gives ${name} each event once and in the order of its guild`, () => play(before, read), 60_000)
  }

  it.live(
    "does so with a slow store of the new set",
    () => play(after, (fleet, receive) => fleet.runForEach(({ event }) => receive(event))),
    60_000
  )
})
