/** docs/tutorial.md, followed word by word: its files, its commands, on real processes. Its test runs in `check:docs`. */
import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Programs from "../programs.js"

const root = `${Programs.root}/`
const timeout = 120_000

/** The files that the tutorial lets its reader write: the blocks under a line that ends with a name. */
const filesOf = (page: string): ReadonlyMap<string, string> =>
  new Map(Array.from(
    page.matchAll(/`(package\.json|\.env|[\w.]+\.ts)`[^\n`]*\n(?:[^\n]+\n)?\n```\w+\n([\s\S]*?)^```/gm),
    ([, name = "", text = ""]) => [name, text]
  ))

/** The output of a process, line by line. It ends with the scope. */
const linesOf = (folder: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Command.make(process.execPath, ...args).pipe(
    Command.workingDirectory(folder),
    Command.env(env),
    Command.stderr("inherit"),
    Command.streamLines
  )

/** The first group of the first line that matches; the process runs on until the scope closes. */
const await_ = (lines: ReturnType<typeof linesOf>, pattern: RegExp) =>
  Effect.gen(function*() {
    const pull = yield* Stream.toPull(lines)
    while (true) {
      const found = Option.fromNullable(
        Array.from(yield* pull, (line) => pattern.exec(line)).find((match) => match !== null)
      )
      if (Option.isSome(found)) {
        return found.value[1] ?? ""
      }
    }
  })

/** The first group of a pattern in the page. */
const quote = (page: string, pattern: RegExp): string => {
  const [, text = ""] = pattern.exec(page) ?? []
  assert.notStrictEqual(text, "", String(pattern))
  return text
}

/** Starts the simulator by a line of the page, on a free port. */
const simulate = (page: string, line: RegExp) =>
  Effect.gen(function*() {
    const words = Array.from(quote(page, line).matchAll(/"([^"]*)"|(\S+)/g), ([, text, word = ""]) => text ?? word)
    const simulator = yield* Programs.runHere([...words, "--port", "0"])
    yield* simulator.awaitOutput(/listening on ws:\S+\//)
    return { ...simulator, url: /listening on (ws:\S+\/)/.exec(simulator.stdout())?.[1] ?? "" }
  })

describe("the tutorial", () => {
  it.scopedLive(
    "leads to a bot that answers on the simulator",
    () =>
      Effect.gen(function*() {
        const fileSystem = yield* FileSystem.FileSystem
        const page = yield* fileSystem.readFileString(`${root}docs/tutorial.md`)
        const files = filesOf(page)
        assert.deepStrictEqual(
          Array.from(files.keys()).sort(),
          [".env", "bot.test.ts", "greet.ts", "hello.ts", "main.ts", "package.json"]
        )
        // Under examples/, as in the tutorial, so that the packages are found.
        const folder = yield* fileSystem.makeTempDirectoryScoped({ directory: `${root}examples`, prefix: ".tutorial-" })
        for (const [name, text] of files) {
          yield* fileSystem.writeFileString(`${folder}/${name}`, text)
        }
        const { scripts }: { readonly scripts: { readonly start: string } } = JSON.parse(
          files.get("package.json") ?? ""
        )
        const [node, ...args] = scripts.start.split(" ")
        assert.strictEqual(node, "node")
        // The environment has precedence over .env, whose port may be in use.
        const bot = (url: string) =>
          linesOf(folder, args, { GATEWAY_URL: url, API_URL: `${url.replace("ws:", "http:")}api/v10` })

        const simulator = yield* simulate(page, /^npm run vesper -- (simulate .*--say hello)$/m)
        assert.match(yield* await_(bot(simulator.url), /INFO .*: said hello to (\w+)$/), /^\w+$/)

        const main = files.get("main.ts") ?? ""
        yield* fileSystem.writeFileString(
          `${folder}/main.ts`,
          `${quote(page, /import it with `(.*?)`/)}\n${
            main.replace("Layer.mergeAll(hello)", quote(page, /: `(Layer\.mergeAll\(.*?\))`/))
          }`
        )
        const member = yield* simulate(page, /^npm run vesper -- (simulate .*--interact .*)$/m)
        yield* Effect.forkScoped(Stream.runDrain(bot(member.url)))
        yield* member.awaitOutput(/204 POST \/interactions\/.*Hello, Ada!/)
      }).pipe(Effect.provide(NodeContext.layer)),
    timeout
  )
})
