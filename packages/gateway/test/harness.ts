/** Shared parts of the scenarios: a shard on the simulated gateway, and the log of the gateway. */
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Function from "effect/Function"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as ShardState from "../src/internal/state/shardState.js"

export const token = "MTE.secret.token"

export interface Options {
  readonly config?: Partial<ShardConfig.Options>
  readonly simulator?: GatewaySimulator.Options
  readonly maxConcurrency?: number
  readonly budget?: IdentifyQueue.BudgetOptions
}

/** All requirements of a shard, with a simulated gateway in memory. */
export const layer = (options: Options = {}) =>
  Layer.mergeAll(
    ShardConfig.layer({
      token: Redacted.make(token),
      intents: Intents.nonPrivileged,
      ...options.config
    }),
    IdentifyQueue.layerInMemory({ maxConcurrency: options.maxConcurrency ?? 1, budget: options.budget }),
    Logger.minimumLogLevel(LogLevel.None),
    GatewaySimulator.layerInMemory({ token: Redacted.make(token), ...options.simulator })
  )

/** Starts the only shard of a bot. */
export const startShard = Effect.tap(Shard.make(ShardId.single), (shard) => shard.connect)

/** Services of a shard state without timers and diagnostics. */
export const silent: ShardState.StateCallbacks = { after: () => Function.constVoid, publish: Function.constVoid }

/** Starts all shards of a bot in the order of their ids. */
export const startShards = (total: number) =>
  Effect.forEach(ShardId.all(total), (id) => Effect.tap(Shard.make(id), (shard) => shard.connect))

/** Makes `Random` return one value, so that the first heartbeat is sent after this part of the interval. */
export const withChance = (value: number) => Effect.withRandom(Random.fixed([value]))

export const awaitReady = (shard: Shard.Shard) =>
  Effect.repeat(shard.nextEvent, { until: (event) => event.t === "READY" })

/** Times in milliseconds at which the gateway received payloads of an opcode. */
export const timesReceived = (op: number) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) => Effect.map(simulator.received(op), (entries) => entries.map(({ at }) => at))
  )

export const entries = <T extends LogEntry.LogEntry["_tag"]>(tag: T) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    (simulator) => Effect.map(simulator.log, (log) => log.filter(LogEntry.is(tag)))
  )

export const inject: GatewaySimulator.GatewaySimulator["inject"] = (fault, target) =>
  Effect.flatMap(
    Effect.serviceOptional(GatewaySimulator.GatewaySimulator),
    (simulator) => simulator.inject(fault, target)
  ).pipe(Effect.orDie)

/** Names guilds, so that commands for them are no violations of an empty world. */
export const nameGuilds = (...ids: ReadonlyArray<string>) =>
  Effect.flatMap(
    GatewaySimulator.GatewaySimulator,
    ({ dispatch }) =>
      Effect.forEach(ids, (id) => dispatch({ t: "GUILD_CREATE", d: { id }, guildId: id }), { discard: true })
  )

export type Write = GatewaySocket.Connection["unsafeWrite"]

export const brokenPipe = Either.left(new GatewaySocket.WriteError({ cause: new Error("broken pipe") }))

export const isHeartbeat = (text: string): boolean => text.startsWith("{\"op\":1,")

/** The socket in context, with `onFirst` instead of `unsafeWrite` for the first message that `isMeant` selects. */
export const withFirstWrite = (
  isMeant: (text: string) => boolean,
  onFirst: (...args: [...message: Parameters<Write>, write: Write]) => void
) =>
  Layer.effect(
    GatewaySocket.GatewaySocket,
    Effect.map(GatewaySocket.GatewaySocket, ({ open }) => {
      let isFirst = true
      return GatewaySocket.make((url, handlers) =>
        Effect.map(open(url, handlers), (connection) => ({
          ...connection,
          unsafeWrite: (text, onWritten) => {
            if (!isFirst || !isMeant(text)) {
              return connection.unsafeWrite(text, onWritten)
            }
            isFirst = false
            onFirst(text, onWritten, connection.unsafeWrite)
          }
        }))
      )
    })
  )
