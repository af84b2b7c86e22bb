/**
 * Vesper as the sharding strategy of discord.js: its cache, its structures and its events, on Vesper's connections.
 *
 * Discord.js fills its cache from READY, so that a session must not be resumed by a later process: provide no `SessionStore`.
 *
 * @see https://discord.js.org/docs/packages/discord.js/stable
 * @since 0.1.0
 */
import * as Fleet from "@vesper/gateway/Fleet"
import type * as Shard from "@vesper/gateway/Shard"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as CloseFrame from "@vesper/model/CloseFrame"
import type * as Command from "@vesper/model/Command"
import type * as Dispatch from "@vesper/model/Dispatch"
import * as Intents from "@vesper/model/Intents"
import type * as ShardId from "@vesper/model/ShardId"
import type { WebSocketOptions } from "discord.js"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

/**
 * The type of discord.js's option `ws.buildStrategy`.
 *
 * @since 0.1.0
 * @category models
 */
export type BuildStrategy = NonNullable<WebSocketOptions["buildStrategy"]>

type Manager = Parameters<BuildStrategy>[0]
type Strategy = ReturnType<BuildStrategy>
type SessionInfo = NonNullable<Parameters<Manager["options"]["updateSessionInfo"]>[1]>
type Ready = Dispatch.DataOf<"READY">
type Statuses = Awaited<ReturnType<Strategy["fetchStatus"]>>

/**
 * Options of the fleet, from those of the discord.js client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends
    Required<Pick<ShardConfig.Options, "token" | "intents" | "gatewayUrl">>,
    Pick<ShardConfig.Options, "largeThreshold" | "presence">
{
  readonly shards: Exclude<Fleet.Shards, "recommended">
  /** The API of the client's `REST`, with its version. */
  readonly apiUrl: string
}

/** Events of a shard that discord.js listens to, by their names. */
interface ShardEvents {
  readonly hello: {}
  readonly dispatch: { readonly data: unknown }
  readonly ready: { readonly data: unknown }
  readonly resumed: {}
  readonly closed: { readonly code: number }
  readonly error: { readonly error: Error }
  readonly heartbeat: { readonly ackAt: number; readonly heartbeatAt: number; readonly latency: number }
}

/** The code of a connection that ended without a close frame. */
const abnormalClosure = 1006

const nanosPerMilli = 1e6

/** The values of `WebSocketShardStatus`. */
const statuses = { Idle: 0, Connecting: 1, Resuming: 2, Ready: 3 }

const toStatus: (status: ShardStatus.ShardStatus) => number = ShardStatus.match({
  Disconnected: () => statuses.Connecting,
  Connecting: () => statuses.Connecting,
  Identifying: () => statuses.Connecting,
  Resuming: () => statuses.Resuming,
  Connected: () => statuses.Ready,
  FatallyClosed: () => statuses.Idle
})

/** Interval at which the latency of heartbeats is read, which are sent less often. */
const latencyInterval = "5 seconds"

type Emit = <K extends keyof ShardEvents>(event: K, shard: number, payload: ShardEvents[K]) => Effect.Effect<void>

const makeEmit = (manager: Manager): Emit => {
  // The names and payloads are those of the manager's events, whose types are an enumeration of a package that is not imported.
  const emit = manager.emit.bind(manager) as unknown as (event: string, payload: object) => boolean
  return (event, shardId, payload) =>
    Effect.try({ try: () => emit(event, { ...payload, shardId }), catch: (error) => error }).pipe(
      Effect.catchAll((error) => Effect.logError("A listener of the client has thrown", Cause.fail(error))),
      Effect.asVoid
    )
}

/** Reports ended connections, which discord.js shows as shardReconnecting and shardDisconnect. */
const emitClosed = (shard: Shard.Shard, emit: Emit, onClosed: (id: number) => void) => {
  const { id } = shard.id
  return shard.statusChanges.pipe(
    // The first status is that before the first connection.
    Stream.drop(1),
    Stream.runForEach((status) => {
      if (ShardStatus.isFatallyClosed(status)) {
        const error = new Error(`The gateway closed shard ${id} permanently with code ${status.closeCode}`)
        return Effect.zipRight(emit("error", id, { error }), emit("closed", id, { code: status.closeCode }))
      }
      if (!ShardStatus.isDisconnected(status)) {
        return Effect.void
      }
      onClosed(id)
      const code = Option.getOrElse(status.closeCode, () => abnormalClosure)
      // A late report would hide the session that has begun since.
      return Effect.flatMap(
        shard.status,
        (now) => ShardStatus.isConnected(now) ? Effect.void : emit("closed", id, { code })
      )
    })
  )
}

/** Reports acknowledged heartbeats, which `client.ws.ping` shows. */
const emitLatency = (shard: Shard.Shard, emit: Emit) => {
  let last: number | undefined
  return Effect.gen(function*() {
    const { received, recent, sent } = yield* shard.latency
    const newest = Option.all({ at: sent, acknowledged: received, latency: Chunk.head(recent) })
    if (Option.isNone(newest) || newest.value.at === last) {
      return
    }
    const { acknowledged, at, latency } = newest.value
    last = at
    // Discord.js has the times of the wall clock.
    const now = yield* Clock.currentTimeMillis
    const monotonic = Number(yield* Clock.currentTimeNanos) / nanosPerMilli
    yield* emit("heartbeat", shard.id.id, {
      ackAt: now - (monotonic - acknowledged),
      heartbeatAt: now - (monotonic - at),
      latency: Math.round(Duration.toMillis(latency))
    })
  }).pipe(Effect.schedule(Schedule.spaced(latencyInterval)))
}

/** Keeps the sequences of sessions, from which discord.js counts the events of a resume. */
const makeSessions = (manager: Manager) => {
  const sessions = new Map<number, { readonly session: SessionInfo; readonly last: number; readonly closed: number }>()
  const update = (id: number, sequence: number) =>
    Effect.promise(async () => {
      const known = sessions.get(id)
      await (known && manager.options.updateSessionInfo(id, { ...known.session, sequence }))
    })
  return {
    begin: (
      { id, total }: ShardId.ShardId,
      { resume_gateway_url: resumeURL, session_id: sessionId }: Ready,
      s: number
    ) => {
      const session = { sessionId, resumeURL, sequence: s, shardId: id, shardCount: total }
      sessions.set(id, { session, last: s, closed: s })
      return update(id, s)
    },
    receive: (id: number, s: number) => {
      const known = sessions.get(id)
      if (known !== undefined) {
        sessions.set(id, { ...known, last: s })
      }
    },
    close: (id: number) => {
      const known = sessions.get(id)
      if (known !== undefined) {
        sessions.set(id, { ...known, closed: known.last })
      }
    },
    /** Discord.js reads the sequence of the end of the connection at HELLO. */
    resume: (id: number, s: number, hello: Effect.Effect<void>) =>
      Effect.zipRight(update(id, sessions.get(id)?.closed ?? s), Effect.zipRight(hello, update(id, s)))
  }
}

/** Hands the events of the fleet to discord.js until the scope closes. */
const forward = (fleet: Fleet.Fleet, manager: Manager) =>
  Effect.gen(function*() {
    const emit = makeEmit(manager)
    const sessions = makeSessions(manager)
    const shards = yield* fleet.shards
    const observers = shards.flatMap((shard) => [emitClosed(shard, emit, sessions.close), emitLatency(shard, emit)])

    const announce = (event: Dispatch.Dispatch, shard: ShardId.ShardId): Effect.Effect<void> => {
      switch (event.t) {
        case "READY":
          return Effect.zipRight(sessions.begin(shard, event.d, event.s), emit("ready", shard.id, { data: event.d }))
        case "RESUMED":
          return Effect.zipRight(
            sessions.resume(shard.id, event.s, emit("hello", shard.id, {})),
            emit("resumed", shard.id, {})
          )
        default:
          return Effect.sync(() => sessions.receive(shard.id, event.s))
      }
    }
    const events = fleet.runForEach(({ event, shard }) =>
      Effect.zipRight(announce(event, shard), emit("dispatch", shard.id, { data: event }))
    )
    // The end of the fleet is reported as the status of its shards.
    yield* Effect.all([Effect.ignore(events), ...observers], { concurrency: "unbounded", discard: true })
  })

/** The shards of the process as a range. */
const toShards = (ids: ReadonlyArray<number>, total: number): Options["shards"] => {
  const sorted = ids.toSorted((a, b) => a - b)
  const [from = 0] = sorted
  const to = from + sorted.length - 1
  if (sorted.at(-1) !== to) {
    throw new Error(`The shards ${sorted.join(", ")} are not a range: run each range in a process of its own`)
  }
  return { range: [from, to], total }
}

const readOptions = async (manager: Manager, ids: ReadonlyArray<number>): Promise<Options> => {
  const { initialPresence, intents, largeThreshold, rest, token } = manager.options
  const { url } = await manager.fetchGatewayInformation()
  return {
    token: Redacted.make(token),
    intents: Either.getOrThrow(Intents.fromBits(intents)),
    gatewayUrl: url,
    apiUrl: `${rest.options.api}/v${rest.options.version}`,
    shards: toShards(ids, await manager.getShardCount()),
    largeThreshold: largeThreshold ?? undefined,
    // Both have the fields of Discord's documentation.
    presence: (initialPresence ?? undefined) as Options["presence"]
  }
}

const toFrame = (code = CloseFrame.NORMAL.code, reason = CloseFrame.NORMAL.reason): CloseFrame.CloseFrame =>
  Either.getOrElse(CloseFrame.make(code, reason), () => CloseFrame.NORMAL)

/**
 * Makes the option `ws.buildStrategy` of a discord.js client. The fleet is made of the client's token, intents, shards and presence;
 * `NodeGateway.layerFleet` makes it on Node.
 *
 * `client.login` completes when every shard has a session, and fails with `FatallyClosedError` when Discord refuses the bot.
 * `client.destroy` releases the fleet.
 *
 * @example
 * ```ts
 * import { ShardingStrategy } from "@vesper/discordjs"
 * import { NodeGateway } from "@vesper/platform-node"
 * import { Client, GatewayIntentBits } from "discord.js"
 *
 * export const client = new Client({
 *   intents: [GatewayIntentBits.Guilds],
 *   ws: { buildStrategy: ShardingStrategy.make(NodeGateway.layerFleet) }
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(makeLayer: (options: Options) => Layer.Layer<Fleet.Fleet, E>): BuildStrategy => (manager) => {
  let ids: ReadonlyArray<number> = []
  let running: ManagedRuntime.ManagedRuntime<Fleet.Fleet, E> | undefined

  const run = <A, E2>(f: (fleet: Fleet.Fleet) => Effect.Effect<A, E2>): Promise<A> =>
    running === undefined
      ? Promise.reject(new Error("The client is not connected: call client.login first"))
      : running.runPromise(Effect.flatMap(Fleet.Fleet, f))

  const strategy: Strategy = {
    spawn: (shardIds) => {
      ids = shardIds
    },
    connect: async () => {
      const fleet = makeLayer(await readOptions(manager, ids))
      const forwarding = Layer.scopedDiscard(
        Effect.flatMap(Fleet.Fleet, (made) => Effect.forkScoped(forward(made, manager)))
      )
      running = ManagedRuntime.make(Layer.provideMerge(forwarding, fleet))
      await run((made) => made.awaitReady)
    },
    destroy: async ({ code, reason } = {}) => {
      const runtime = running
      if (runtime !== undefined) {
        running = undefined
        // A fleet that could not be made has no shards to close.
        await runtime.runPromiseExit(Effect.flatMap(Fleet.Fleet, (fleet) => fleet.close(toFrame(code, reason))))
        await runtime.dispose()
      }
    },
    send: (id, payload) =>
      run((fleet) =>
        Effect.flatMap(
          fleet.shard(id),
          Option.match({
            onNone: () => Effect.fail(new Error(`Shard ${id} is not in this process`)),
            // A payload of discord.js is one of the commands that Discord documents.
            onSome: (shard) => shard.command(payload as Command.Command)
          })
          // Discord.js does not await the promise, so that a rejection would end the process.
        ).pipe(Effect.catchAll((error) => Effect.logError(`A command was not sent: ${error.message}`)))
      ),
    fetchStatus: async () => {
      const { Collection } = await import("discord.js")
      const { shards } = await run((fleet) => fleet.status)
      // The same class in two versions of its package, and the values of an enumeration of a package that is not imported.
      return new Collection(shards.map(({ id, status }) => [id.id, toStatus(status)])) as unknown as Statuses
    }
  }
  return strategy
}
