/**
 * Bundles the packages that a bot of one shard loads. Each public module stays a file, and the modules of `internal` are
 * joined into one file for each set of public modules that shares them, because Node spends most of the start of a program on
 * the search for its modules. `tsc` writes the declarations, and the source maps lead to `src`.
 */
import { transform } from "esbuild"
import * as Fs from "node:fs"
import * as Path from "node:path"
import ts from "typescript"
import { build, type Plugin } from "vite"

const packages = ["model", "gateway", "platform-node"]

const root = Path.resolve(import.meta.dirname, "..")

/** The files of a folder with an ending, at any depth. */
const list = (folder: string, ending: RegExp): ReadonlyArray<string> =>
  Fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => ending.test(file))

/**
 * Marks the calls that a module makes when it is evaluated as pure, so that a bundler leaves out those whose result is not
 * used: errors, tags and layers. The modules of these packages have no side effects, as their package.json states.
 */
const annotatePureCalls = (path: string, code: string): string => {
  const positions: Array<number> = []
  const visit = (node: ts.Node, source: ts.SourceFile): void => {
    // The body of a function is evaluated by its caller.
    if (ts.isFunctionLike(node) || ts.isExpressionStatement(node)) {
      return
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      positions.push(node.getStart(source))
    }
    ts.forEachChild(node, (child) => visit(child, source))
  }
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true)
  visit(source, source)
  return Array.from(new Set(positions)).toSorted((a, b) => b - a)
    .reduce((text, at) => `${text.slice(0, at)}/* @__PURE__ */ ${text.slice(at)}`, code)
}

const pureCalls: Plugin = {
  name: "pure-calls",
  enforce: "pre",
  // No line moves, so the source map stays as it is.
  transform: (code, path) => path.endsWith(".ts") ? { code: annotatePureCalls(path, code), map: null } : undefined
}

for (const name of packages) {
  const folder = Path.join(root, "packages", name)
  const [src, dist] = [Path.join(folder, "src"), Path.join(folder, "dist")]
  for (const file of list(dist, /\.js(\.map)?$/)) {
    Fs.rmSync(Path.join(dist, file))
  }
  const modules = list(src, /\.ts$/).filter((file) => !file.startsWith("internal") && file !== "index.ts")
    .map((file) => file.slice(0, -3))
  await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    plugins: [pureCalls],
    build: {
      outDir: dist,
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
      target: "node20.19",
      lib: { entry: Object.fromEntries(modules.map((file) => [file, Path.join(src, `${file}.ts`)])), formats: ["es"] },
      rollupOptions: {
        external: /^[^./]/,
        treeshake: { moduleSideEffects: false },
        output: {
          entryFileNames: "[name].js",
          chunkFileNames: "internal/[name]-[hash].js",
          hoistTransitiveImports: false,
          sourcemapExcludeSources: true
        }
      }
    }
  })
  // Its namespaces are those of the other files: joined with them, it would keep every export of each.
  const index = await transform(Fs.readFileSync(Path.join(src, "index.ts"), "utf8"), {
    loader: "ts",
    sourcefile: "../src/index.ts",
    sourcemap: true,
    sourcesContent: false
  })
  Fs.writeFileSync(Path.join(dist, "index.js"), `${index.code}//# sourceMappingURL=index.js.map\n`)
  Fs.writeFileSync(Path.join(dist, "index.js.map"), index.map)
}
