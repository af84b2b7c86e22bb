import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Live from "../../src/tui/live.js"
import * as Output from "../../src/tui/output.js"

/** Runs on a terminal of a size, and returns what was written. */
const onTerminal = (
  size: { readonly columns: number; readonly rows: number },
  effect: Effect.Effect<unknown, unknown, Terminal.Terminal>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    let written = ""
    const terminal = yield* Terminal.Terminal
    yield* effect.pipe(
      Effect.provideService(Terminal.Terminal, {
        ...terminal,
        isTTY: Effect.succeed(true),
        columns: Effect.succeed(size.columns),
        rows: Effect.succeed(size.rows),
        readInput: Effect.never,
        display: (text) => Effect.sync(() => written += text)
      }),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))
    )
    return written
  }).pipe(Effect.provide(NodeTerminal.layer))

const summary = "13 events, 1 session started, 2 resumed, 1 event lost, sessions not saved"

describe("text on a terminal", () => {
  it.effect("is divided between words, of which none is cut", () =>
    Effect.gen(function*() {
      for (const [columns, expected] of [[0, 80], [40, 40], [80, 80]] as const) {
        const text = yield* onTerminal({ columns, rows: 15 }, Output.writeNotice("live", `${summary}\n  ${summary}`))
        const lines = text.trimEnd().split("\n")
        assert.isAbove(lines.length, expected === 80 ? 1 : 3)
        lines.forEach((line) => assert.isAtMost(line.length, expected))
        assert.strictEqual(text.replace(/\s+/g, " ").trim(), `${summary} ${summary}`)
      }
    }))

  it.effect("is not divided for a program", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* onTerminal({ columns: 40, rows: 15 }, Output.writeLine(summary)), `${summary}\n`)
    }))

  it.effect("is divided in errors too", () =>
    Effect.gen(function*() {
      const { columns, isTTY } = process.stderr
      yield* Effect.addFinalizer(() => Effect.sync(() => Object.assign(process.stderr, { columns, isTTY })))
      Object.assign(process.stderr, { columns: 40, isTTY: true })
      const lines: Array<string> = []
      const console = yield* Console.consoleWith(Effect.succeed)
      yield* Output.provideConsole(Console.error(summary)).pipe(
        Console.withConsole({ ...console, error: (text) => Effect.sync(() => lines.push(...text.split("\n"))) })
      )
      assert.deepStrictEqual(lines, ["13 events, 1 session started, 2 resumed,", "1 event lost, sessions not saved"])
    }).pipe(Effect.scoped))
})

describe("the mode of an output", () => {
  for (
    const [isJson, env, mode] of [
      [false, {}, "live"],
      [false, { TERM: "xterm" }, "live"],
      [false, { TERM: "dumb" }, "plain"],
      [true, { TERM: "dumb" }, "json"]
    ] as const
  ) {
    it.effect(`is ${mode} ${isJson ? "with --json" : ""} on a terminal with ${JSON.stringify(env)}`, () =>
      onTerminal(
        { columns: 80, rows: 24 },
        Effect.map(Output.chooseMode(isJson), (chosen) => assert.strictEqual(chosen, mode)),
        env
      ))
  }
})

describe("a view", () => {
  it.live("has 80 columns and 24 rows on a terminal that does not know its size", () =>
    Effect.gen(function*() {
      const line = { at: 0, origin: "#1", title: "A", text: "b", tone: "quiet" as const }
      const view = Live.show({
        mode: "live",
        duration: Option.some(Duration.millis(1)),
        http: Option.none(),
        notify: () => Effect.void,
        moment: Effect.succeed({
          status: {},
          readiness: { isReady: true, text: "" },
          display: {
            title: "the title of the view",
            at: 0,
            badge: "",
            facts: [],
            notice: null,
            panels: [],
            log: [line],
            searched: { lines: [], what: "" }
          }
        })
      })
      const written = yield* onTerminal({ columns: 0, rows: 0 }, view)
      assert.include(written, "the title of the view")
      assert.strictEqual(written.split("\r\n").length, 24)
    }))
})
