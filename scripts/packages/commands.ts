/** The examples of the command's help, as they run where the packages are installed: without Discord, and on free ports. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { examples } from "../../packages/cli/src/help/examples.js"
import { type Run, start } from "./processes.js"

/** The output by which a command is recognised that runs as described. */
const said: Readonly<Record<string, RegExp>> = {
  "cluster drain": /was asked to end/,
  "cluster reshard": /has started/,
  "cluster run": /is up; /,
  "cluster status": /shards? on 1 runner/,
  demo: /READY/,
  doctor: /round trip/,
  explain: /meaning|when|lets through/,
  intents: /together/,
  "queue serve": /answers when shard 0/,
  record: /session is ready/,
  replay: /listening on/,
  run: /session is ready/,
  simulate: /listening on/
}

/** Commands that end without a signal, which could kill them after they have removed their handlers. */
const ending: ReadonlySet<string> = new Set(["doctor", "explain", "intents"])

const getName = (args: ReadonlyArray<string>): string =>
  [args.slice(0, 2).join(" "), args[0] ?? ""].find((name) => name in said) ?? ""

/** Arguments of an example without Discord's address, other machines and fixed ports. */
const adapt = (args: ReadonlyArray<string>, port: number): ReadonlyArray<string> => {
  const name = getName(args)
  const local = args.map((arg, index) => {
    const option = args[index - 1]
    return option === "--http" || option === "--port"
      ? "0"
      : option === "--database"
      ? "vesper.db"
      : option === "--duration"
      ? "3s"
      : arg.replace("10.0.0.7", "127.0.0.1").replace("127.0.0.1:8080", `127.0.0.1:${port}`)
  })
  const add = (option: string, value: string) => local.includes(option) ? [] : [option, value]
  switch (name) {
    case "cluster run":
      return [...local, ...add("--gateway-url", `ws://127.0.0.1:${port}/`), ...add("--max-concurrency", "1")]
    case "doctor":
    case "record":
    case "run":
      return [...local, ...add("--api-url", `http://127.0.0.1:${port}/api/v10`)]
    case "queue serve":
      return [...local, "--port", "0", ...add("--api-url", `http://127.0.0.1:${port}/api/v10`)]
    case "replay":
    case "simulate":
      return [...local, ...add("--port", "0")]
    default:
      return local
  }
}

/** The first block of JSON of the package's page that has steps: the file of the example with a scenario. */
const readScenario = (readme: string): string =>
  Array.from(Fs.readFileSync(readme, "utf8").matchAll(/```json\n([\s\S]*?)```/g), ([, block = ""]) => block)
    .find((block) => block.includes("\"steps\"")) ?? ""

/** Runs every example with a version of Node. Returns what is wrong. */
export const check = async (project: string, node: string, bin: string): Promise<ReadonlyArray<string>> => {
  const folder = Fs.mkdtempSync(Path.join(project, "run-"))
  Fs.writeFileSync(Path.join(folder, "bad-day.json"), readScenario(Path.join(Path.dirname(bin), "../../README.md")))
  Fs.mkdirSync(Path.join(folder, "identifies"))
  const begin = (args: ReadonlyArray<string>): Run =>
    start(node, [bin, ...args], { cwd: folder, env: { DISCORD_TOKEN: "token" } })
  const problems: Array<string> = []
  const attempt = async (args: ReadonlyArray<string>, use: (run: Run) => Promise<unknown> = (run) => run.end()) => {
    const run = begin(args)
    try {
      await run.expect(said[getName(args)] ?? /./)
      await (ending.has(getName(args)) ? run.exit : use(run))
      const code = await run.end()
      const allowed = getName(args) === "doctor" ? [0, 3] : [0]
      if (!allowed.includes(code ?? -1) || /^ +at .*:\d+:\d+\)?$/m.test(run.output())) {
        problems.push(`vesper ${args.join(" ")} ends with ${code}:\n${run.output().slice(-2_000)}`)
      }
    } catch (cause) {
      problems.push(`vesper ${args.join(" ")} ${cause instanceof Error ? cause.message : String(cause)}`)
      await run.end()
    }
  }
  const simulator = begin(["simulate", "--port", "0", "--say", "hi"])
  try {
    await simulator.expect(/listening on/)
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(simulator.output())?.[1])
    const lines = new Set(Object.values(examples).flat().map(([line]) => line.replace(/^.*?\bvesper /, "")))
    const all = Array.from(lines, (line) => adapt(line.split(" "), port))
    const isNamed = (name: string) => (args: ReadonlyArray<string>) => getName(args) === name
    const administration = ["cluster status", "cluster reshard", "cluster drain"]
    for (const args of all.filter((args) => !getName(args).startsWith("cluster"))) {
      await attempt(args)
    }
    // The other commands of a cluster need a runner, which the last of them ends.
    const [first = [], second = []] = all.filter(isNamed("cluster run"))
    await attempt(second)
    await attempt(first, async () => {
      for (const name of administration) {
        for (const args of all.filter(isNamed(name))) {
          await attempt(args)
        }
      }
    })
  } catch (cause) {
    problems.push(`vesper simulate ${cause instanceof Error ? cause.message : String(cause)}`)
  } finally {
    await simulator.end()
  }
  return problems
}
