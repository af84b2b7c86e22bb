/** Lost and repeated events of a process that is killed. docs/delivery.md has the printed figures. */
import { assert, describe, it } from "@effect/vitest"
import type * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { bundle, runFile } from "../programs.js"

const kills = 20

const directory = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "vesper-delivery-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

const startBot = (file: string, url: string, directory: string, life: number) =>
  Effect.map(runFile(file, [url, directory, String(life)]), ({ process }) => process)

const end = (bot: ChildProcessWithoutNullStreams, signal: NodeJS.Signals) =>
  Effect.async<void>((resume) => {
    bot.once("close", () => resume(Effect.void))
    bot.kill(signal)
  })

/** The numbers that one life has handled, in the order in which it did. */
const handled = (directory: string, acknowledge: ShardConfig.Acknowledge, life: number): ReadonlyArray<number> => {
  const path = Path.join(directory, `${acknowledge}-${life}`)
  return Fs.existsSync(path) ? Fs.readFileSync(path, "utf8").split("\n").filter((line) => line !== "").map(Number) : []
}

const until = (condition: () => boolean) =>
  Effect.asVoid(Effect.repeat(Effect.sleep("10 millis"), { until: condition }))

/** Both sessions are in their files, of which a kill may leave one empty. */
const areSaved = (directory: string) => {
  const path = Path.join(directory, "sessions")
  const saved = Fs.existsSync(path)
    ? Fs.readdirSync(path).filter((name) => Fs.statSync(Path.join(path, name)).size > 0)
    : []
  return ["0-of-2", "1-of-2"].every((shard) => saved.some((name) => name.includes(shard)))
}

describe("a bot that is killed under load", () => {
  it.scopedLive(
    `resumes each of ${kills} times; handles all with onHandled, and nothing twice with onReceive`,
    () =>
      Effect.gen(function*() {
        const simulator = yield* GatewaySimulator.GatewaySimulator
        const { url } = yield* GatewayServer.GatewayServer
        const path = yield* directory
        const file = yield* bundle("test/delivery/bot.ts")
        let sent = 0
        let isSending = false
        let [current, done] = [0, 0]
        // No more than a slow machine can follow: a gateway does not keep what is to be replayed for ever.
        const backlog = () => sent - (done = handled(path, "onHandled", current).at(-1) ?? done)
        // Twenty at a time, so that some are being handled, some wait in the buffer, and some are on their way.
        const burst = Effect.suspend(() =>
          isSending && backlog() < 400
            ? Effect.forEach(Array.from({ length: 20 }, () => String(++sent)), (content) =>
              Effect.forEach([0, 1], (shard) => simulator.dispatch({ t: "MESSAGE_CREATE", d: { content }, shard })))
            : Effect.void
        )
        yield* Effect.forkScoped(Effect.forever(Effect.zipRight(burst, Effect.sleep("60 millis"))))

        let standby = yield* startBot(file, url, path, 0)
        for (let life = 0; life <= kills; life++) {
          const bot = standby
          current = life
          let errors = ""
          bot.stderr.on("data", (data) => errors += String(data))
          bot.stdin.write("go\n")
          if (life === 0) {
            yield* until(() => areSaved(path))
            isSending = true
          }
          const handles = (acknowledge: ShardConfig.Acknowledge) => handled(path, acknowledge, life).length > 0
          yield* until(() => bot.exitCode !== null || (handles("onHandled") && handles("onReceive")))
          assert.strictEqual(bot.exitCode, null, errors)
          if (life < kills) {
            standby = yield* startBot(file, url, path, life + 1)
            // At another moment between two bursts each time.
            yield* Effect.sleep(100 + 37 * life % 60)
            yield* end(bot, "SIGKILL")
          } else {
            isSending = false
            yield* until(() =>
              handled(path, "onHandled", life).at(-1) === sent && handled(path, "onReceive", life).at(-1) === sent
            )
            yield* end(bot, "SIGTERM")
          }
        }

        const lives = Array.from({ length: kills + 1 }, (_, life) => life)
        let [last, repeated] = [0, 0]
        for (const numbers of lives.map((life) => handled(path, "onHandled", life))) {
          const [first = 0] = numbers
          assert.isAtMost(first, last + 1, "nothing is left out")
          assert.deepStrictEqual(numbers, numbers.map((_, i) => first + i), "in order")
          repeated += last + 1 - first
          last = first + numbers.length - 1
        }
        assert.strictEqual(last, sent)

        const received = lives.flatMap((life) => handled(path, "onReceive", life))
        received.forEach((number, i) => assert.isAbove(number, received[i - 1] ?? 0, "nothing twice, and in order"))

        assert.strictEqual((yield* simulator.log).filter(LogEntry.is("Identified")).length, 2)
        assert.isAtLeast((yield* simulator.log).filter(LogEntry.is("Resumed")).length, 2 * kills)
        assert.deepStrictEqual(yield* simulator.violations, [])
        yield* Console.log(
          `${kills} kills, ${sent} events a shard. onHandled: ${repeated} repeated, 0 lost. ` +
            `onReceive: 0 repeated, ${sent - received.length} lost.`
        )
      }).pipe(Effect.provide(
        GatewayServer.layer().pipe(Layer.provideMerge(GatewaySimulator.layer({
          token: Redacted.make("secret"),
          maxConcurrency: 2,
          replayLimit: 100_000
        })))
      )),
    300_000
  )
})
