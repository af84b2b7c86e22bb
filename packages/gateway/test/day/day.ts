/** Plays a day of one fault and measures its cost. */
import * as Fleet from "@vesper/gateway/Fleet"
import * as GatewaySocket from "@vesper/gateway/GatewaySocket"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as NodeDecompressor from "@vesper/platform-node/NodeDecompressor"
import * as VirtualClock from "@vesper/testing/VirtualClock"
import * as Clock from "effect/Clock"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Supervisor from "effect/Supervisor"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { token, withChance } from "../harness.js"
import type { Switch, Trouble } from "./peer.js"

export const encodings = ["json", "zlib-stream"] as const
export const shapes = ["shard", "fleet"] as const

export interface Cell {
  readonly trouble: Trouble
  /** Duration of the fault: a multiple of 20. */
  readonly minutes: number
  /** The identify budget of that time. */
  readonly budget: number
  readonly encoding: (typeof encodings)[number]
  readonly shape: (typeof shapes)[number]
}

/** The numbers of live fibers and timers of the process. */
export interface Alive {
  readonly fibers: number
  readonly timers: number
}

export interface Report {
  readonly identifies: number
  readonly lines: ReadonlyArray<string>
  readonly before: Alive
  /** The maximum of the samples, which are taken each 20 minutes. */
  readonly most: Alive
  readonly after: Alive
  /** Growth of the heap in the second half of the time, in bytes. 0 for less than a day. */
  readonly growth: number
  /** The time from the end of the fault until each shard has delivered an event; infinite if one did not in two hours. */
  readonly recovery: Duration.Duration
}

/** In minutes. */
export const day = 24 * 60

const collect: () => unknown = (() => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => unknown
})()

const heap = Effect.sync(() => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
})

const isIdentify = (text: string): boolean => text.startsWith("{\"op\":2,")

/** Wraps the socket of the peer to count identifies. */
const counting = (socket: GatewaySocket.GatewaySocket, onIdentify: () => void) =>
  GatewaySocket.make((url, handlers) =>
    Effect.map(socket.open(url, handlers), (connection) => ({
      ...connection,
      unsafeWrite: (text, onWritten) => {
        if (isIdentify(text)) {
          onIdentify()
        }
        connection.unsafeWrite(text, onWritten)
      }
    }))
  )

/** Starts the shards, and calls the function for each of their events. */
const start = (shape: Cell["shape"], onEvent: (shard: number, t: string) => void) =>
  shape === "fleet"
    ? Effect.flatMap(Fleet.make({ shards: { total: 2 } }), (fleet) =>
      Effect.forkScoped(
        fleet.runForEach(({ event, shard }) => Effect.sync(() => onEvent(shard.id, event.t)), { concurrency: 1 })
      ))
    : Effect.flatMap(Shard.make(ShardId.single), (shard) =>
      Effect.forkScoped(shard.runForEach(({ t }) => Effect.sync(() => onEvent(0, t)), { concurrency: 1 })))

export const play = (
  { budget, encoding, minutes, shape, trouble }: Cell
): Effect.Effect<Report, ConfigError.ConfigError> =>
  Effect.gen(function*() {
    const clock = yield* VirtualClock.make()
    const supervisor = yield* Supervisor.track
    const alive = Effect.map(
      Effect.all([supervisor.value, clock.sleeping]),
      ([fibers, timers]): Alive => ({ fibers: fibers.length, timers })
    )
    let identifies = 0
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => {
      lines.push(String(message))
    })
    const life = Effect.gen(function*() {
      const fault: Switch = { isOn: false }
      const peer = yield* trouble.make(fault)
      const heard = new Set<number>()
      const layer = Layer.mergeAll(
        Layer.succeed(GatewaySocket.GatewaySocket, counting(peer.socket, () => identifies++)),
        ShardConfig.layer({ token: Redacted.make(token), intents: Intents.nonPrivileged }),
        IdentifyQueue.layerInMemory({
          maxConcurrency: 1,
          // The budget is reset a minute after the fault.
          budget: { total: budget, resetAfter: Duration.minutes(minutes + 6) }
        }),
        Logger.replace(Logger.defaultLogger, logger),
        Logger.minimumLogLevel(LogLevel.Info),
        encoding === "json" ? Layer.empty : NodeDecompressor.layerZlib()
      )
      const context = yield* Layer.build(layer)
      yield* Effect.supervised(
        start(shape, (shard, t) => {
          if (t === "TYPING_START") {
            heard.add(shard)
          }
        }),
        supervisor
      ).pipe(Effect.provide(context))
      yield* Effect.sleep("5 minutes")
      const before = yield* alive
      fault.isOn = true
      const misbehaving = yield* Effect.fork(peer.misbehave)
      let most = before
      let heapAtHalf = 0
      for (let sampledAt = 20; sampledAt <= minutes; sampledAt += 20) {
        // The offset avoids the timers of each minute.
        yield* Effect.sleep("1199900 millis")
        const { fibers, timers } = yield* alive
        most = { fibers: Math.max(most.fibers, fibers), timers: Math.max(most.timers, timers) }
        heapAtHalf = minutes === day && sampledAt === day / 2 ? yield* heap : heapAtHalf
      }
      const spent = identifies
      const written = lines.slice()
      const growth = heapAtHalf === 0 ? 0 : (yield* heap) - heapAtHalf
      yield* Fiber.interrupt(misbehaving)
      fault.isOn = false
      heard.clear()
      const liftedAt = yield* Clock.currentTimeMillis
      const isHeard = Effect.sync(() => heard.size === (shape === "fleet" ? 2 : 1))
      const listening = Effect.repeat(Effect.zipRight(peer.dispatch, Effect.sleep("1 second")), {
        until: () => isHeard
      })
      yield* Effect.timeoutOption(listening, "2 hours")
      const recovery = (yield* isHeard)
        ? Duration.millis((yield* Clock.currentTimeMillis) - liftedAt)
        : Duration.infinity
      yield* Effect.sleep("5 minutes")
      return { identifies: spent, lines: written, before, most, after: yield* alive, growth, recovery }
    })
    return yield* life.pipe(Effect.scoped, withChance(0.5), clock.run)
  })
