/** Help, completions, and mistakes on the command line. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as Console from "effect/Console"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { execFileSync, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Cli from "../../src/Cli.js"
import { examples } from "../../src/help/examples.js"

/** Runs in this process, with its output captured. */
const vesper = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const [out, err]: [Array<string>, Array<string>] = [[], []]
    const console = yield* Console.consoleWith(Effect.succeed)
    const terminal = yield* Terminal.Terminal
    const exit = yield* Cli.run(["node", "vesper", ...args]).pipe(
      Effect.provideService(Terminal.Terminal, {
        ...terminal,
        display: (text) => Effect.sync(() => out.push(text))
      }),
      Console.withConsole({
        ...console,
        log: (...texts) => Effect.sync(() => out.push(texts.join(" "))),
        error: (...texts) => Effect.sync(() => err.push(texts.join(" ")))
      }),
      Effect.exit
    )
    return { code: Cli.exitCode(exit), out: out.join("\n"), err: err.join("\n") }
  }).pipe(Effect.provide(NodeContext.layer))

const configFile = (content: unknown) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = Path.join(Fs.mkdtempSync(Path.join(tmpdir(), "vesper-config-")), "vesper.json")
      Fs.writeFileSync(path, JSON.stringify(content))
      return path
    }),
    (path) => Effect.sync(() => Fs.rmSync(Path.dirname(path), { recursive: true }))
  )

const wrong: ReadonlyArray<readonly [line: string, problem: RegExp]> = [
  ["qeue serve", /there is no command "qeue"; did you mean vesper queue\? \(all: vesper --help\)$/],
  ["queue serv", /there is no command "queue serv"; did you mean vesper queue serve\? \(all: vesper queue --help\)$/],
  ["xyzzy", /there is no command "xyzzy" \(all: vesper --help\)$/],
  ["--foo", /vesper has no option --foo \(all: vesper --help\)$/],
  ["run --shrads 3", /vesper run has no option --shrads; did you mean --shards\? \(all: vesper run --help\)$/],
  ["explain --jsn 4014", /vesper explain has no option --jsn; did you mean --json\?/],
  ["queue serve --prot 1", /vesper queue serve has no option --prot; did you mean --port\?/],
  ["run --shards", /--shards needs a value: --shards auto\|N\|A-B\/N \(see vesper run --help\)$/],
  ["run --shards 0", /--shards: 0 is too few/],
  ["run --shards many", /--shards: "many" does not name shards/],
  ["run --intents Guild", /--intents: "Guild" is no intent; did you mean Guilds\?/],
  ["run --events MESAGE_CREATE", /--events: "MESAGE_CREATE" is not an event; did you mean MESSAGE_CREATE\?/],
  ["run --duration 5x", /--duration: "x" is not a unit of time/],
  ["run --gateway-url nowhere", /--gateway-url: "nowhere" is not a URL of ws:\/\/ or wss:\/\//],
  ["run --api-url ws://127.0.0.1/", /--api-url: .* is not a URL of http:\/\/ or https:\/\//],
  ["run --compression gzip", /--compression: "gzip" is not one of auto, none, zlib-stream, zstd-stream/],
  ["run --compression=zlib", /"zlib" is not one of .*; did you mean zlib-stream\?/],
  ["run --http abc", /--http: "abc" is not a whole number: give one from 0 to 65535/],
  ["run --log-level loud", /--log-level: "loud" is not one of all, trace/],
  ["run extra", /^vesper: unknown argument: 'extra' \(see vesper run --help\)/],
  ["simulate --port 99999", /--port: 99999 is too many: give a number of at most 65535/],
  ["simulate --rate 1e3", /--rate: "1e3" is not a number/],
  ["simulate --fault dorp:3s", /--fault: "dorp" is not a fault; did you mean drop\? \(all: drop, close, /],
  ["simulate --scenario /nowhere.json", /\/nowhere\.json cannot be read: there is no such file$/],
  ["replay /nowhere.gz", /\/nowhere\.gz cannot be read: there is no such file$/],
  ["replay /", /\/ cannot be read: it is a folder$/],
  ["replay package.json", /line 1: .*; give a file that vesper record has written$/],
  ["record", /Missing argument <file> \(see vesper record --help\)$/],
  ["explain", /Missing argument <what>/],
  ["explain 4015", /not a close code that Discord documents .*did you mean 4\d{3}\?$/],
  ["explain MESSAGE_CREAT", /"MESSAGE_CREAT" is .*did you mean MESSAGE_CREATE\?$/],
  ["explain xyzzy", /"xyzzy" is .*; name one as in: 4014, op 9, MESSAGE_CREATE, Guilds$/],
  ["intents GuildMember", /"GuildMember" is no intent; did you mean GuildMembers\?$/],
  ["cluster reshard", /--shards/],
  ["cluster run --lease soon", /--lease: "soon" is not a duration/],
  ["cluster status --database=", /--database needs a value: --database file or url/],
  ["run --shards 2 --json --shards=3", /--shards is given twice: give it once \(see vesper run --help\)$/],
  ["--log-level debug run --log-level info", /--log-level is given twice/],
  ["run --config", /--config needs a value/],
  ["run --shards 0-99999/100000", /--shards: 100000 shards are too many for one process: give at most 4096/],
  ["demo extra", /^vesper: unknown argument: 'extra' \(see vesper demo --help\)$/],
  ["run --config /dev/zero", /\/dev\/zero cannot be read: it is too long$/],
  ["simulate --scenario /dev/zero", /\/dev\/zero cannot be read: it is too long$/],
  ["replay /dev/zero", /\/dev\/zero cannot be read: line 1 is too long$/],
  ["run --shards -- x", /--shards needs a value: --shards auto\|N\|A-B\/N \(see vesper run --help\)$/],
  ["run --config /nowhere.json", /\/nowhere\.json cannot be read: there is no such file$/]
]

describe("the command line", () => {
  for (const [line, problem] of wrong) {
    it.effect(`reports in one line, with exit code 2, the mistake in: ${line}`, () =>
      Effect.gen(function*() {
        const { code, err, out } = yield* vesper(...line.split(" "))
        assert.match(err, problem)
        assert.match(err, /^vesper: [^\n]*$/)
        assert.strictEqual(out, "")
        assert.strictEqual(code, 2)
      }))
  }

  it.effect("has help for every command, with an example, and a default for each option that has a value", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("--help")
      const commands = Array.from(out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}[A-Z]/gm), ([, name = ""]) => name)
      assert.include(commands, "queue serve")
      assert.sameMembers(["", ...commands], Object.keys(examples))
      for (const command of commands) {
        const { code, err, out } = yield* vesper(...command.split(" "), "--help")
        assert.deepStrictEqual([code, err], [0, ""])
        assert.match(out, new RegExp(`^usage: vesper ${command} `, "m"))
        assert.match(out, /^examples\n {2}/m)
        const own = /^options\n([^]*?)\n\n/m.exec(out)?.[1] ?? ""
        for (const option of own.split(/^(?= {2}--)/m)) {
          const text = option.replace(/\s+/g, " ")
          assert.match(text, /^ --[a-z-]+ [A-Z]|Default: |Without it|Required|can be given many times/, command)
        }
      }
    }))

  it.effect("knows every option that its examples use", () =>
    Effect.gen(function*() {
      for (const [line] of Object.values(examples).flat()) {
        const args = line.replace(/^.*?\bvesper /, "").replace(/ >.*/, "").split(" ")
        const { err } = yield* vesper(...args, "--not-an-option")
        assert.match(err, /has no option --not-an-option/, line)
      }
    }))

  it.effect("has help for a group, for help with a name, and for nothing at all", () =>
    Effect.gen(function*() {
      assert.match((yield* vesper("cluster")).out, /^usage: vesper cluster <command>/m)
      assert.match((yield* vesper("help", "cluster", "run")).out, /^usage: vesper cluster run /m)
      assert.match((yield* vesper()).out, /^commands\n/m)
    }))

  it.effect("names the API that is asked", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("run", "--help")
      assert.include(out.replace(/\s+/g, " "), `Without it ${GatewayApi.defaultBaseUrl}.`)
    }))

  it.effect("reads the options of all commands before, after and between those of a command", () =>
    Effect.gen(function*() {
      for (
        const line of [
          "--log-level debug explain --json 4014",
          "explain --log-level debug --json 4014",
          "explain --json --log-level=debug 4014",
          "explain --json 4014 --log-level debug"
        ]
      ) {
        const { code, err, out } = yield* vesper(...line.split(" "))
        assert.deepStrictEqual([code, err, JSON.parse(out)[0].code], [0, "", 4014], line)
      }
    }))

  it.effect("reports a peer's text without its control characters", () =>
    Effect.gen(function*() {
      const { err } = yield* vesper("explain", "\u001b[2J4014\u0007x")
      assert.match(err, /^vesper: /)
      assert.notMatch(err, /\p{Cc}/u)
    }))

  it.effect("says its package's version", () =>
    Effect.gen(function*() {
      const { version } = JSON.parse(Fs.readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
      for (const line of ["--version", "demo --version", "--version queue serve"]) {
        assert.strictEqual((yield* vesper(...line.split(" "))).out.trim(), version, line)
      }
    }))
})

describe("the remedy of an address", () => {
  for (
    const [line, problem] of [
      [
        "simulate --host 999.1.1.1",
        /^vesper: the simulated gateway could not listen on 999\.1\.1\.1:8080: .*; check --host$/
      ],
      ["queue serve --max-concurrency 1 --host 203.0.113.5", /this machine does not have this address; check --host$/]
    ] as const
  ) {
    it.live(`is named for ${line}`, () =>
      Effect.gen(function*() {
        const { code, err } = yield* vesper(...line.split(" "))
        assert.match(err, problem)
        assert.strictEqual(code, 1)
      }))
  }
})

describe("vesper --wizard", () => {
  it.effect("is refused without a terminal, because it would wait for input", () =>
    Effect.gen(function*() {
      const { isTTY } = process.stdin
      yield* Effect.addFinalizer(() => Effect.sync(() => Object.assign(process.stdin, { isTTY })))
      Object.assign(process.stdin, { isTTY: false })
      const { code, err } = yield* vesper("demo", "--wizard")
      assert.strictEqual(err, "vesper: --wizard asks questions, and needs a terminal as its input")
      assert.strictEqual(code, 2)
    }).pipe(Effect.scoped))
})

describe("vesper --help", () => {
  it.effect("names every level of the log", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("demo", "--help")
      assert.match(out.replace(/\s+/g, " "), /logged: all, trace, debug, info, warning, error, fatal, none\. Default/)
    }))
})

describe("vesper cluster", () => {
  const broken: ReadonlyArray<readonly [database: string, problem: RegExp]> = [
    ["package.json", /^vesper: the cluster's database cannot be opened: package\.json: .*file is not a database$/],
    [
      "/nowhere/vesper.db",
      /^vesper: the cluster's database cannot be opened: \/nowhere\/vesper\.db: there is no such file; see --database$/
    ]
  ]
  for (const [database, problem] of broken) {
    it.live(`says in one line what is wrong with ${database} as a database`, () =>
      Effect.gen(function*() {
        const { code, err } = yield* vesper("cluster", "status", "--database", database)
        assert.match(err, problem)
        assert.strictEqual(code, 1)
      }))
  }
})

describe("completions", () => {
  const completed: ReadonlyArray<readonly [line: string, words: ReadonlyArray<string>]> = [
    ["ru", ["run"]],
    ["run --sh", ["--shards"]],
    ["run --compression zs", ["zstd-stream"]],
    ["cluster re", ["reshard"]],
    ["cluster run --sl", ["--slots"]],
    ["queue serve --port 1 --st", ["--state"]],
    ["run --log-level w", ["warning"]],
    ["run --conf", ["--config"]],
    // No value can be suggested.
    ["run --duration ", []]
  ]
  it.effect.skipIf(!Fs.existsSync("/bin/bash"))(
    "for bash know commands under a command, options and their values [bash]",
    () =>
      Effect.gen(function*() {
        const { out } = yield* vesper("--completions", "bash")
        for (const [line, words] of completed) {
          const typed = ["vesper", ...line.split(" ")]
          const ask = `COMP_WORDS=(${typed.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${typed.length - 1}; ` +
            "_vesper_bash_completions vesper; printf '%s\\n' \"${COMPREPLY[@]}\""
          const answer = execFileSync("/bin/bash", ["--norc", "-c", `${out}\n${ask}`], { encoding: "utf8" })
          assert.deepStrictEqual(answer.split("\n").filter((word) => word !== ""), words, line)
        }
      })
  )

  it.effect("are printed before and after a command", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("--completions", "bash")
      for (
        const line of ["--completions=bash demo", "queue serve --completions bash --port 1", "run --completions=sh"]
      ) {
        assert.strictEqual((yield* vesper(...line.split(" "))).out, out, line)
      }
    }))

  const hasShell = (shell: string) => spawnSync(shell, ["-c", ""]).status === 0

  it.effect("are loaded by zsh at the first Tab, and know --config", () =>
    Effect.gen(function*() {
      const { code, out } = yield* vesper("--completions", "zsh")
      assert.strictEqual(code, 0)
      assert.match(out, /^function _vesper\(\) \{$/m)
      assert.match(out, /^if \[ "\$funcstack\[1\]" = "_vesper" \]/m)
      assert.match(out, /'--config\[.*\]:FILE:_files' \\\n +'--wizard/)
      assert.include(out, "max-concurrency")
    }))

  it.effect.skipIf(!hasShell("zsh"))("are understood by zsh [zsh]", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("--completions", "zsh")
      execFileSync("zsh", ["-f", "-n"], { input: out })
    }))

  const inFish: ReadonlyArray<readonly [line: string, words: ReadonlyArray<string>]> = [
    ["ru", ["run"]],
    ["run --sh", ["--shards"]],
    ["run --conf", ["--config"]],
    ["run --compression zs", ["zstd-stream"]],
    ["cluster re", ["reshard"]],
    ["cluster run --sl", ["--slots"]],
    ["queue serve --st", ["--state"]],
    ["run --log-level w", ["warning"]]
  ]
  it.effect.skipIf(!hasShell("fish"))("are understood by fish [fish]", () =>
    Effect.gen(function*() {
      const { out } = yield* vesper("--completions", "fish")
      for (const [line, words] of inFish) {
        const ask = `complete -C "vesper ${line}"`
        const answer = execFileSync("fish", ["--no-config", "-c", `${out}\n${ask}`], { encoding: "utf8" })
        const found = answer.split("\n").filter((it) => it !== "").map((it) => it.replace(/\t.*/, ""))
        assert.deepStrictEqual(found, Array.from(words), line)
      }
    }))
})

describe("vesper doctor", () => {
  it.scoped("ends, and says what to do, where nobody answers", () =>
    Effect.gen(function*() {
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer((socket) => sockets.add(socket))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          sockets.forEach((socket) => socket.destroy())
          server.close()
          // The command has set its own; this process continues.
          process.exitCode = undefined
        })
      )
      yield* Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const address = server.address()
      const place = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
      const doctor = yield* vesper("doctor", "--api-url", `http://${place}/`, "--gateway-url", `wss://${place}/`).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DISCORD_TOKEN", "never-shown"]]))),
        Effect.fork
      )
      // The time limit of each measurement passes at once. The sockets are real.
      yield* Effect.zipRight(TestClock.adjust("5 seconds"), TestServices.provideLive(Effect.sleep("20 millis"))).pipe(
        Effect.repeat({ until: () => Effect.map(Fiber.poll(doctor), Option.isSome) })
      )
      const { out } = yield* Fiber.join(doctor)
      assert.match(out, /^PROBLEM {2}API and token {3}no answer within 5s\n +to do: check the network/m)
      assert.match(out, /^PROBLEM {2}TLS .*no answer within 5s\n +to do: check the firewall/m)
      assert.notInclude(out, "never-shown")
    }))
})

describe("a config file on the command line", () => {
  const files: ReadonlyArray<readonly [content: unknown, line: string, problem: RegExp]> = [
    [{ queue: { serve: { prot: 1 } } }, "run", /queue\.serve\.prot: there is no such option; did you mean port\?/],
    [{ queue: { port: 1 } }, "run", /queue\.port: vesper queue has no options, but subcommands: serve/],
    [{ cluster: { run: 3 } }, "run", /cluster\.run: it must be an object of options, see vesper cluster run --help/],
    [{ rnu: {} }, "run", /"rnu" is not a command/],
    [null, "demo", /vesper\.json: Expected an object of commands or options, actual null$/],
    // The file's option is read as if it were typed.
    [{ queue: { serve: { port: 99_999 } } }, "queue serve", /--port: 99999 is too many/],
    [{ cluster: { run: { shards: 0 } } }, "cluster run", /--shards: 0 is too few/]
  ]
  for (const [content, line, problem] of files) {
    it.scoped(`of ${JSON.stringify(content)} makes of ${line}: ${problem.source}`, () =>
      Effect.gen(function*() {
        const { code, err } = yield* vesper(...line.split(" "), "--config", yield* configFile(content))
        assert.match(err, problem)
        assert.strictEqual(code, 2)
      }))
  }
})
