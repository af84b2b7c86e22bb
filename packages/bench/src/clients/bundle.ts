/**
 * Bundles Vesper's client and the used parts of its dependencies into one file, as a bot may be deployed. Most of the start
 * of a program is Node's search for its modules, of which `effect/Schema` alone has about three hundred.
 */
import { vesperClient } from "../runs/contestants.js"
import type { Client } from "../runs/processes.js"
import * as Path from "node:path"
import * as Vite from "vite"

const root = Path.resolve(import.meta.dirname, "../..")

export const make = async (name: string, way: string): Promise<Client> => {
  await Vite.build({
    configFile: false,
    logLevel: "error",
    root,
    ssr: { noExternal: true },
    // vite replaces optional packages that are not installed by empty modules, which ws would call.
    define: { "process.env.WS_NO_BUFFER_UTIL": "\"true\"", "process.env.WS_NO_UTF_8_VALIDATE": "\"true\"" },
    build: { ssr: vesperClient(way).module, outDir: "dist/bundled", target: "node20", minify: false }
  })
  return { name, module: Path.join(root, "dist/bundled/vesper.js"), way }
}
