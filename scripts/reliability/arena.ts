/**
 * Fleets, a shard for what ends shards, and one in a process of its own, on a simulated gateway behind real sockets; and
 * all that is counted.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Fleet from "@vesper/gateway/Fleet"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as IdentifyQueueServer from "@vesper/gateway/IdentifyQueueServer"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardStatus from "@vesper/gateway/ShardStatus"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Ledger from "../../packages/gateway/test/history/ledger.js"
import * as Judge from "./judge.js"
import * as Lives from "./lives.js"
import * as Setting from "./setting.js"
import * as Watch from "./watch.js"
import * as Witness from "./witness.js"

export class NotUp extends Data.TaggedError("NotUp") {
  override get message() {
    return "the shards did not come up"
  }
}

export interface Options {
  readonly shards: number
  readonly maxConcurrency: number
  readonly speed: Setting.Speed
  /** The delay of a heartbeat that the gateway tolerates, because this machine is busy. */
  readonly heartbeatTolerance: Duration.DurationInput
  /** Events that the gateway keeps for a resume of a session. */
  readonly replayLimit: number
}

/** The services of a program that connects to the simulated gateway over a real network. Compression is each fleet's own choice. */
export const layer = (options: Options) =>
  Layer.unwrapEffect(Effect.map(GatewayServer.GatewayServer, ({ url }) =>
    Layer.mergeAll(
      Setting.config(url, options.speed, "onReceive"),
      // Discord counts 5 s at its own end, this machine is busy, and other processes ask over HTTP.
      IdentifyQueue.layerInMemory({
        maxConcurrency: options.maxConcurrency,
        interval: IdentifyQueueServer.defaultInterval
      }),
      NodeGateway.layer({ compression: "none" })
    ))).pipe(
      Layer.provideMerge(GatewayServer.layer()),
      Layer.provideMerge(GatewaySimulator.layer({
        token: Setting.token,
        maxConcurrency: options.maxConcurrency,
        heartbeatInterval: options.speed.heartbeatInterval,
        heartbeatTolerance: options.heartbeatTolerance,
        replayLimit: options.replayLimit,
        // The log is followed as it comes; what the gateway keeps of it would be most of the memory that is measured.
        logLimit: 1_000,
        sessionStartLimit: { total: 1_000_000, remaining: 1_000_000, resetAfter: "24 hours" }
      })),
      Layer.merge(Logger.minimumLogLevel(LogLevel.None))
    )

const serveQueue = Effect.gen(function*() {
  const queue = yield* IdentifyQueue.IdentifyQueue
  const node = Http.createServer()
  const server = yield* NodeHttpServer.make(() => node, { host: "127.0.0.1", port: 0 })
  // A process that waits for its turn would hold up the end.
  yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
  yield* server.serve(IdentifyQueueServer.make(queue))
  return `http://127.0.0.1:${server.address._tag === "TcpAddress" ? server.address.port : 0}/`
})

/** Half of the shards with each compression; one more shard is alone, and created again whenever a fault has ended it. */
export const start = (options: Options) =>
  Effect.gen(function*() {
    const { shards } = options
    const simulator = yield* GatewaySimulator.GatewaySimulator
    const watch = Watch.make(simulator)
    yield* Effect.forkScoped(watch.run)
    const judge = Judge.make(watch)
    const ledger = Ledger.make()
    const note = (shard: number, d: unknown) =>
      Effect.sync(() => {
        const number = Setting.numberOf(d)
        if (number !== undefined) {
          ledger.delivered(shard, number)
        }
      })
    const listen = (shard: Shard.Shard) => Effect.forkScoped(Witness.listen(shard, judge.tell(shard.id.id)))

    const [mortal, alone] = [shards - 1, shards - 2]
    const middle = Math.floor(alone / 2)
    const startFleet = (from: number, to: number) =>
      Effect.gen(function*() {
        const fleet = yield* Fleet.make({ shards: { range: [from, to], total: shards } })
        yield* Effect.forEach(yield* fleet.shards, listen)
        yield* Effect.forkScoped(fleet.runForEach(({ event, shard }) => note(shard.id, event.d), { concurrency: 1 }))
        return fleet
      })
    const fleets = [
      yield* Effect.provide(startFleet(0, middle - 1), NodeDecompressor.layerZlib()),
      yield* Effect.provide(startFleet(middle, alone - 1), NodeDecompressor.layerZstd())
    ]

    let last: Shard.Shard | undefined
    let revivals = 0
    const victim = Effect.forever(
      Effect.gen(function*() {
        const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
        const shard = yield* Scope.extend(Shard.make(ShardId.unsafeMake(mortal, shards)), scope)
        last = shard
        yield* listen(shard)
        yield* Effect.ignore(shard.runForEach((event) => note(mortal, event.d)))
        revivals++
      }).pipe(Effect.scoped)
    )
    yield* Effect.forkScoped(victim)

    const { url } = yield* GatewayServer.GatewayServer
    const lives = yield* Lives.make({
      url,
      queueUrl: yield* serveQueue,
      shard: alone,
      total: shards,
      speed: options.speed
    })

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
      const all = yield* Effect.forEach(fleets, ({ status }) => status)
      const infos = all.flatMap(({ shards }) => shards.map(({ id, status }) => ({ shard: id.id, status })))
      return last === undefined ? infos : [...infos, { shard: mortal, status: yield* last.status }]
    })
    const isWell = Effect.map(statuses, (all) =>
      all.length === shards - 1 && watch.isOpen(alone) && all.every(({ status }) =>
        ShardStatus.isConnected(status)
      ))
    return {
      fleets,
      judge,
      ledger,
      lives,
      simulator,
      watch,
      send,
      statuses,
      isWell,
      /** The shard in a process of its own. */
      alone,
      /** Until every shard is connected, but not for longer. */
      awaitWell: (within: Duration.DurationInput) =>
        Effect.repeat(Effect.sleep("50 millis"), { until: () => isWell }).pipe(
          Effect.timeoutFail({ duration: within, onTimeout: () => new NotUp() })
        ),
      revivals: () => revivals
    }
  })
