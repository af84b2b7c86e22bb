/** A shard and a fleet behind one interface, and the processes that they run in. */
import type * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as ShardId from "@vesper/model/ShardId"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Events from "../../src/Events.js"
import * as Fleet from "../../src/Fleet.js"
import type * as Session from "../../src/Session.js"
import type * as SessionStore from "../../src/SessionStore.js"
import * as Shard from "../../src/Shard.js"
import type * as ShardError from "../../src/ShardError.js"

/** The id in the store's keys for a token without an application id. */
export const botId = "11"

/** The operations that the readers of a cell use. */
export interface Bot {
  readonly events: Stream.Stream<Dispatch.Dispatch, ShardError.FatallyClosedError>
  /** Reads single events: of the shard, of the fleet, or of each shard of a cluster's runner. */
  readonly nextEvents: Effect.Effect<ReadonlyArray<Effect.Effect<Dispatch.Dispatch, ShardError.ReceiveError>>>
  readonly runForEach: <E>(
    handler: (event: Dispatch.Dispatch) => Effect.Effect<unknown, E>,
    options?: Shard.RunForEachOptions
  ) => Effect.Effect<void, E | ShardError.FatallyClosedError>
  readonly runSet: <E>(handlers: Events.Handlers<E, never>) => Effect.Effect<void, unknown>
  readonly shards: Effect.Effect<ReadonlyArray<Shard.Shard>>
  readonly connect: Effect.Effect<void>
  readonly close: (frame: CloseFrame.CloseFrame) => Effect.Effect<unknown>
  readonly reshard: (total: number) => Effect.Effect<void, Fleet.ReshardError | ConfigError.ConfigError>
}

/** The only shard of a bot. */
export const ofShard: Effect.Effect<Bot, never, Fleet.Requirements | Scope.Scope> = Effect.map(
  Shard.make(ShardId.single),
  (shard) => ({
    events: shard.events,
    nextEvents: Effect.succeed([shard.nextEvent]),
    runForEach: shard.runForEach,
    runSet: (handlers) => Effect.provideService(Events.run(handlers), Shard.Shard, shard),
    shards: Effect.succeed([shard]),
    connect: shard.connect,
    close: shard.close,
    reshard: () => Effect.dieMessage("a shard is not resharded")
  })
)

/** All shards of a bot. */
export const ofFleet = (total: number): Effect.Effect<Bot, never, Fleet.Requirements | Scope.Scope> =>
  Effect.map(Effect.orDie(Fleet.make({ shards: { total } })), (fleet) => ({
    events: Stream.map(fleet.events, ({ event }) => event),
    nextEvents: Effect.succeed([Effect.map(fleet.nextEvent, ({ event }) => event)]),
    runForEach: (handler, options) => fleet.runForEach(({ event }) => handler(event), options),
    runSet: (handlers) => Effect.provideService(Events.runFleet(handlers), Fleet.Fleet, fleet),
    shards: fleet.shards,
    connect: Effect.void,
    close: fleet.close,
    reshard: (total) => fleet.reshard(total, { lag: "2 seconds", patience: "4 seconds" })
  }))

/** One process. Its actions are ignored after it was killed. */
export interface Process {
  isAlive: boolean
}

/** The store of a process. It passes each session to `onSave`, and writes nothing after the process was killed. */
export const storeOf = (
  store: SessionStore.SessionStore,
  process: Process,
  onSave: (session: Session.Session) => void
): SessionStore.SessionStore => ({
  load: store.load,
  save: (key, session) =>
    Effect.suspend(() => {
      if (!process.isAlive) {
        return Effect.void
      }
      onSave(session)
      return store.save(key, session)
    }),
  remove: (key) => Effect.suspend(() => process.isAlive ? store.remove(key) : Effect.void)
})

/** The sessions of a bot's shards. */
export const sessionsOf = (bot: Bot): Effect.Effect<ReadonlyArray<readonly [ShardId.ShardId, Session.Session]>> =>
  Effect.flatMap(bot.shards, (shards) =>
    Effect.map(
      Effect.forEach(
        shards,
        (shard) => Effect.map(shard.session, Option.map((session) => [shard.id, session] as const))
      ),
      (sessions) => sessions.flatMap(Option.toArray)
    ))
