/**
 * Faults of a gateway on real sockets, with each compression. Each time the shard is back, every event of the session is
 * received once and in order, and no more sessions are spent than the fault costs.
 */
import { assert, describe, it } from "@effect/vitest"
import * as IdentifyQueue from "@vesper/gateway/IdentifyQueue"
import * as Shard from "@vesper/gateway/Shard"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as NodeGateway from "../src/NodeGateway.js"
import * as Connections from "./faults/connections.js"
import * as Messages from "./faults/messages.js"
import type { Scenario } from "./faults/scenario.js"
import * as ScriptedGateway from "./faults/scriptedGateway.js"
import * as Sessions from "./faults/sessions.js"
import * as Transport from "./faults/transport.js"

// Identifies are not spaced: a scenario that costs a second session would wait 5 s. Deadlines are short, because some
// scenarios wait for them.
const shardLayer = (gateway: ScriptedGateway.Gateway, lines: Array<string>) =>
  Shard.layer(ShardId.single).pipe(
    Layer.provide(ShardConfig.layer({
      token: Redacted.make("token"),
      intents: Intents.of("GuildMessages"),
      gatewayUrl: gateway.url,
      timeouts: { open: "1 second", hello: "1 second", ready: "1 second", resumed: "300 millis" },
      reconnect: { backoffBase: "20 millis", backoffMax: "50 millis" }
    })),
    Layer.provide(IdentifyQueue.layerUnlimited),
    Layer.provide(NodeGateway.layer({ compression: gateway.mode })),
    Layer.provide(Layer.merge(
      Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => {
          lines.push(`${logLevel.label} ${String(message)}`)
        })
      ),
      Logger.minimumLogLevel(LogLevel.All)
    ))
  )

const play = (scenario: Scenario) => (mode: Transport.Mode) =>
  Effect.gen(function*() {
    const { contents = [], fault, identifies = 1, line, resumes, script = {} } = scenario
    const { isNewSession = identifies > 1 && fault !== undefined } = scenario
    const gateway = yield* ScriptedGateway.make(mode, script)
    const lines: Array<string> = []
    const received: Array<string> = []
    yield* Effect.gen(function*() {
      const shard = yield* Shard.Shard
      const next = Effect.repeat(Effect.option(shard.nextEvent), { until: (event) => event._tag === "Some" })
      const until = (isLast: (content: string) => boolean) =>
        Effect.gen(function*() {
          while (true) {
            const event = yield* Effect.flatten(next)
            if (event.t === "READY" && isLast("READY")) {
              return
            }
            if (event.t === "MESSAGE_CREATE") {
              received.push(event.d.content)
              if (isLast(event.d.content)) {
                return
              }
            }
          }
        })
      yield* until((content) => content === "READY")
      const live = gateway.peers.at(-1)
      if (live !== undefined) {
        fault?.(live, gateway)
      }
      // Messages that the gateway sends now are received before or after the reconnect.
      yield* Effect.sleep(20)
      if (isNewSession) {
        yield* until((content) => content === "READY")
      }
      gateway.emit("MESSAGE_CREATE", { content: "after" })
      yield* until((content) => content === "after")
      if (resumes !== undefined && resumes > 0) {
        yield* Effect.repeat(Effect.zipRight(Effect.sleep(10), shard.status), {
          until: (status) => status._tag === "Connected"
        })
      }
      // The log is written by the connection's fiber, after the event is there.
      yield* Effect.sleep(5)
    }).pipe(Effect.provide(shardLayer(gateway, lines)), Effect.timeout("10 seconds"))
    assert.deepStrictEqual(received, [...contents, "after"])
    assert.strictEqual(gateway.identifies(), identifies, `identifies, with the log\n${lines.join("\n")}`)
    if (resumes !== undefined) {
      assert.strictEqual(gateway.resumes.length, resumes, `resumes, with the log\n${lines.join("\n")}`)
    }
    if (line !== undefined) {
      assert.isTrue(lines.some((text) => line.test(text)), `no line ${String(line)} in\n${lines.join("\n")}`)
    }
    assert.isBelow(lines.length, 30, "lines in the log")
    for (const text of lines) {
      assert.isBelow(text.length, 700)

      assert.notMatch(text, /[\u0000-\u001f\u007f-\u009f]|secret|defect/)
    }
  }).pipe(Effect.scoped)

const scenarios: ReadonlyArray<Scenario> = [...Messages.all, ...Sessions.all, ...Connections.all]

describe.each(Transport.modes)("a shard over %s lives on when a gateway", (mode) => {
  for (const scenario of scenarios) {
    if (scenario.modes === undefined || scenario.modes.includes(mode)) {
      it.live(scenario.name, () => play(scenario)(mode), 20_000)
    }
  }
})
