/** A fleet, and a shard for what ends shards, on a simulated gateway behind real sockets; and all that is counted. */
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Ledger from "../../packages/gateway/test/history/ledger.js"

const token = Redacted.make("chaos.secret.token")

/** Discord's, made shorter so that a run of minutes meets what takes hours there. */
export interface Speed {
  readonly heartbeatInterval: number
  readonly handshake: number
  readonly backoffMax: number
}

class NotUp extends Data.TaggedError("NotUp") {
  override get message() {
    return "the fleet did not come up"
  }
}

export interface Options {
  readonly shards: number
  readonly speed: Speed
  readonly compression: "none" | "zlib-stream" | "zstd-stream" | "auto"
  /** Events that the gateway keeps for a resume of a session. */
  readonly replayLimit: number
}

const config = (url: string, { speed }: Options) =>
  ShardConfig.layer({
    token,
    intents: Intents.of("Guilds", "GuildMessages", "GuildMessageTyping"),
    gatewayUrl: url,
    timeouts: {
      open: speed.handshake,
      hello: speed.handshake,
      ready: speed.handshake * 2,
      resumed: speed.handshake * 2
    },
    reconnect: { backoffBase: 50, backoffMax: speed.backoffMax, stableAfter: speed.backoffMax }
  })

/** What a program on a real network needs, on the simulated gateway. */
export const layer = (options: Options) =>
  Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
    Layer.mergeAll(
      config(url, options),
      // Discord counts 5 s at its own end, and this machine is busy.
      IdentifyQueue.layerInMemory({ maxConcurrency: options.shards, interval: "5500 millis" }),
      NodeGateway.layer({ compression: options.compression })
    ))).pipe(
      Layer.provideMerge(GatewayServer.layer()),
      Layer.provideMerge(GatewaySimulator.layer({
        token,
        maxConcurrency: options.shards,
        heartbeatInterval: options.speed.heartbeatInterval,
        heartbeatTolerance: "20 seconds",
        replayLimit: options.replayLimit,
        // The log is followed as it comes; what the gateway keeps of it would be most of the memory that is measured.
        logLimit: 1_000,
        sessionStartLimit: { total: 1_000_000, remaining: 1_000_000, resetAfter: "24 hours" }
      })),
      Layer.merge(Logger.minimumLogLevel(LogLevel.None))
    )

/** What the gateway's log says, as it comes. */
export const watch = (simulator: GatewaySimulator.GatewaySimulator) => {
  const violations: Array<string> = []
  const lostAt = new Map<number, number>()
  const recoveries: Array<number> = []
  const open = new Map<number, number>()
  const ended = new Map<string, string>()
  let identified = 0
  let resumed = 0
  const back = (shard: number, connection: number, at: number) => {
    open.set(shard, connection)
    const lost = lostAt.get(shard)
    if (lost !== undefined) {
      recoveries.push(at - lost)
      lostAt.delete(shard)
    }
  }
  const run = Stream.runForEach(simulator.logChanges, (entry) =>
    Effect.sync(() => {
      const shard = entry.shard ?? -1
      switch (entry._tag) {
        case "Violation":
          violations.push(`${entry.rule}: ${entry.detail} (shard ${shard})`)
          break
        case "Identified":
          identified++
          back(shard, entry.connection, entry.at)
          break
        case "Resumed":
          resumed++
          back(shard, entry.connection, entry.at)
          break
        case "SessionEnded":
          ended.set(entry.session, entry.why)
          break
        case "Closed":
          if (open.get(shard) === entry.connection) {
            open.delete(shard)
            lostAt.set(shard, entry.at)
          }
          break
        default:
      }
    }))
  return { run, violations, recoveries, ended, open, lostAt, counts: () => ({ identified, resumed }) }
}

const numberOf = (d: unknown): number | undefined =>
  Predicate.hasProperty(d, "number") && typeof d.number === "number" ? d.number : undefined

/** Starts all shards; the last one is alone, and is made anew whenever something has ended it. */
export const start = (shards: number) =>
  Effect.gen(function*() {
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const ledger = Ledger.make()
    const note = (shard: number, d: unknown) =>
      Effect.sync(() => {
        const number = numberOf(d)
        if (number !== undefined) {
          ledger.delivered(shard, number)
        }
      })
    const fleet = yield* Fleet.make({ shards: { range: [0, shards - 2], total: shards } })
    yield* Effect.forkScoped(
      fleet.runForEach(({ event, shard }) => note(shard.id, event.d), { concurrency: 1 })
    )
    const lastId = Either.getOrThrow(ShardId.make(shards - 1, shards))
    let last: Shard.Shard | undefined
    let revivals = 0
    const victim = Effect.forever(
      Effect.gen(function*() {
        const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
        const shard = yield* Scope.extend(Shard.make(lastId), scope)
        last = shard
        yield* Effect.ignore(shard.runForEach((event) => note(lastId.id, event.d)))
        revivals++
      }).pipe(Effect.scoped)
    )
    yield* Effect.forkScoped(victim)

    let events = 0
    const send = (shard: number) =>
      Effect.gen(function*() {
        const number = ++events
        const sessions = yield* simulator.sessions
        if ((yield* simulator.dispatch({ t: "TYPING_START", d: { number }, shard })) > 0) {
          ledger.sent(shard, number, sessions)
        }
      })
    const statuses = Effect.gen(function*() {
      const all = (yield* fleet.status).shards.map(({ id, status }) => ({ shard: id.id, status }))
      return last === undefined ? all : [...all, { shard: lastId.id, status: yield* last.status }]
    })
    const isWell = Effect.map(statuses, (all) =>
      all.length === shards && all.every(({ status }) => ShardStatus.isConnected(status)))
    return {
      fleet,
      ledger,
      simulator,
      send,
      statuses,
      isWell,
      /** Until every shard is connected, but not for longer. */
      awaitWell: (within: Duration.DurationInput) =>
        Effect.repeat(Effect.sleep("50 millis"), {
          until: () =>
            isWell
        }).pipe(
          Effect.timeoutFail({ duration: within, onTimeout: () => new NotUp() })
        ),
      revivals: () => revivals
    }
  })
