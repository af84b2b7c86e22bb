/** The socket in one file, with the optional packages of `ws` as bundlers treat them. */
import { assert, describe, it } from "@effect/vitest"
import { build, type Plugin } from "esbuild"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"

const program = `
import { NodeGatewaySocket } from "@vesper/platform-node"
import { Effect, Layer } from "effect"

Effect.runPromise(Effect.scoped(Layer.build(NodeGatewaySocket.layer()))).then(
  () => console.log("usable"),
  (error) => console.log(error.message)
)
`

/** vite replaces an optional package that is not installed by an empty module. */
const emptyBufferUtil: Plugin = {
  name: "empty-bufferutil",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^bufferutil$/ }, ({ path }) => ({ path, namespace: "empty" }))
    onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "module.exports = {}" }))
  }
}

/** Bundles the program and returns its output. */
const run = async (options: {
  readonly plugins?: Array<Plugin>
  readonly define?: Record<string, string>
  readonly env?: Record<string, string>
}) => {
  const folder = Fs.mkdtempSync(Path.join(tmpdir(), "vesper-bundle-"))
  try {
    const outfile = Path.join(folder, "program.cjs")
    await build({
      stdin: { contents: program, resolveDir: import.meta.dirname },
      bundle: true,
      platform: "node",
      conditions: ["@vesper/source"],
      define: options.define ?? {},
      plugins: options.plugins ?? [],
      outfile
    })
    return spawnSync(process.execPath, [outfile], { encoding: "utf8", env: { ...process.env, ...options.env } }).stdout
  } finally {
    Fs.rmSync(folder, { recursive: true })
  }
}

describe("a bundle", () => {
  it("that has no bufferutil is usable", async () => {
    assert.strictEqual(await run({}), "usable\n")
  })

  it("with an empty bufferutil fails with the remedy", async () => {
    assert.match(
      await run({ plugins: [emptyBufferUtil] }),
      /^ws cannot send messages, because the bundler replaced .*: define process\.env\.WS_NO_BUFFER_UTIL .*WS_NO_BUFFER_UTIL=1/
    )
  })

  it("with an empty bufferutil is usable with the remedies", async () => {
    const plugins = [emptyBufferUtil]
    assert.strictEqual(await run({ plugins, define: { "process.env.WS_NO_BUFFER_UTIL": "true" } }), "usable\n")
    assert.strictEqual(await run({ plugins, env: { WS_NO_BUFFER_UTIL: "1" } }), "usable\n")
  })
}, 60_000)
