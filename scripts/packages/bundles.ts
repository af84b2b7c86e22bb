/** Bundles a bot by the commands of the guide, and runs each bundle against the simulated gateway. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { run, start } from "./processes.js"

const bot = `import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Events } from "@vesper/gateway"
import { NodeGateway } from "@vesper/platform-node"
import { Config, Effect } from "effect"

const handlers = Events.on("MESSAGE_CREATE", () =>
  Effect.sync(() => {
    console.log("received an event")
    process.exit(0)
  }))
const config = { ...Events.config(handlers), gatewayUrl: Config.string("GATEWAY_URL") }

Events.run(handlers).pipe(Effect.provide(NodeGateway.layerShardConfig(config)), NodeRuntime.runMain)
`

interface Recipe {
  readonly heading: string
  readonly files: ReadonlyArray<readonly [name: string, content: string]>
  readonly commands: string
}

/** The sections of the guide with commands. A block of code after its name in a paragraph is a file. */
const readRecipes = (guide: string): ReadonlyArray<Recipe> =>
  guide.split(/^## /m).slice(1).map((section) => ({
    heading: section.split("\n")[0] ?? "",
    files: Array.from(
      section.matchAll(/^`([\w.]+)`:\n\n```js\n([\s\S]*?)```/gm),
      ([, name = "", content = ""]) => [name, content] as const
    ),
    commands: Array.from(section.matchAll(/```sh\n([\s\S]*?)```/g), ([, block = ""]) => block).join("")
  })).filter(({ commands }) => commands !== "")

/** Builds and runs a bot by each recipe of the guide. Returns what is wrong. */
export const check = async (project: string, guide: string, node: string, vesper: string) => {
  const problems: Array<string> = []
  const simulator = start(node, [vesper, "simulate", "--port", "0", "--rate", "0", "--say", "hi"], { cwd: project })
  try {
    await simulator.expect(/listening on/)
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(simulator.output())?.[1])
    Fs.mkdirSync(Path.join(project, "src"), { recursive: true })
    Fs.writeFileSync(Path.join(project, "src/main.ts"), bot)
    // The package `bun` downloads its binary in an install script. This one contains the binary.
    const hasBun = process.platform === "linux" && process.arch === "x64"
    const bun = Path.join(project, "node_modules/@oven/bun-linux-x64/bin")
    if (hasBun && !Fs.existsSync(bun)) {
      await run("npm", ["install", "--save-dev", "@oven/bun-linux-x64"], { cwd: project })
    }
    const env = {
      DISCORD_TOKEN: "token",
      GATEWAY_URL: `ws://127.0.0.1:${port}/`,
      PATH: [Path.dirname(node), bun, process.env["PATH"]].join(":")
    }
    const recipes = readRecipes(Fs.readFileSync(guide, "utf8")).filter(({ commands }) =>
      hasBun || !/^bun /m.test(commands)
    )
    for (const { commands, files, heading } of recipes) {
      Fs.rmSync(Path.join(project, "dist"), { recursive: true, force: true })
      for (const [name, content] of files) {
        Fs.writeFileSync(Path.join(project, name), content)
      }
      try {
        const output = await run("sh", ["-ec", commands], { cwd: project, env })
        if (!output.includes("received an event")) {
          problems.push(`a bot bundled with ${heading} receives no event:\n${output.slice(-2_000)}`)
        }
      } catch (cause) {
        problems.push(`a bot bundled with ${heading}: ${cause instanceof Error ? cause.message : String(cause)}`)
      }
    }
  } finally {
    await simulator.end()
  }
  return problems
}
