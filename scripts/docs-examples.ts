/**
 * Checks the documentation: every public name has a docstring with prose and `@since`, and `@category` if it is not a
 * module; every `@example` compiles and runs; every TypeScript block of the Markdown pages compiles, and those that are
 * tests pass. A block under a line that ends with a file's name, "`bot.ts`:", is that file for its page's other blocks.
 */
import { execFile, execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { promisify } from "node:util"
import ts from "typescript"

const root = Path.resolve(import.meta.dirname, "..")
const output = Path.join(root, ".docs-examples")
const runTimeout = 30_000
const runAllTimeout = 180_000

interface Example {
  /** The place of the example, for messages. */
  readonly source: string
  readonly file: string
  readonly isRun: boolean
  readonly isTest: boolean
}

const problems: Array<string> = []
const examples: Array<Example> = []

const files = (folder: string, pattern: RegExp): ReadonlyArray<string> =>
  Fs.existsSync(folder)
    ? Fs.readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => Path.join(folder, entry.name))
    : []

const isPrivate = (folder: string): boolean =>
  JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8")).private === true

// What is not published has no public names.
const packages = Fs.readdirSync(Path.join(root, "packages"))
  .map((name) => Path.join(root, "packages", name))
  .filter((folder) => !isPrivate(folder))

interface Block {
  /** Of the file that the block is, if it is one. */
  readonly name: string | undefined
  readonly code: string
}

const blocks = (text: string): ReadonlyArray<Block> =>
  Array.from(
    text.matchAll(/(?:`(?:[\w-]+\/)*([\w.-]+\.ts)`:\n\n)?^```ts\n([\s\S]*?)^```/gm),
    ([, name, code = ""]) => ({ name, code })
  )

const addExamples = (source: string, text: string, isRun: boolean) => {
  const page = Path.join(output, source.replace(/\W+/g, "-"))
  for (const { code, name } of blocks(text)) {
    const file = name === undefined
      ? Path.join(output, `${String(examples.length).padStart(3, "0")}.ts`)
      : Path.join(page, name)
    if (Fs.existsSync(file)) {
      problems.push(`${source} has ${name} twice`)
    }
    Fs.mkdirSync(Path.dirname(file), { recursive: true })
    // A module of its own, whatever the example imports.
    Fs.writeFileSync(file, `// ${source}\n${code}\nexport {}\n`)
    examples.push({ source, file, isRun, isTest: code.includes("from \"@effect/vitest\"") })
  }
}

const commentOf = (node: ts.Node, file: ts.SourceFile): string | undefined => {
  const comments = ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? []
  const docstring = comments.map(({ end, pos }) => file.text.slice(pos, end)).findLast((text) => text.startsWith("/**"))
  return docstring?.slice(3, -2).split("\n").map((line) => line.replace(/^\s*\* ?/, "")).join("\n")
}

const isExported = (node: ts.Statement): boolean =>
  ts.isExportDeclaration(node) ||
  (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((it) => it.kind === ts.SyntaxKind.ExportKeyword) === true)

const nameOf = (node: ts.Statement): string => node.getText().split("\n")[0]?.slice(0, 60) ?? ""

/** Checks one public statement, or one name of an export list. */
const checkDocstring = (
  file: ts.SourceFile,
  node: ts.Node,
  name: string,
  tags: ReadonlyArray<string>,
  needsProse: boolean
) => {
  const where = `${Path.relative(root, file.fileName)}: ${name}`
  const comment = commentOf(node, file)
  if (comment === undefined) {
    problems.push(`${where} has no docstring`)
    return
  }
  if (comment.includes("@internal")) {
    return
  }
  for (const tag of tags) {
    if (!comment.includes(tag)) {
      problems.push(`${where} has no ${tag}`)
    }
  }
  if (needsProse && !/^\s*[^\s@]/.test(comment)) {
    problems.push(`${where} has no prose before its tags`)
  }
  addExamples(where, comment, true)
}

const checkModule = (path: string) => {
  const file = ts.createSourceFile(path, Fs.readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
  const header = ts.getLeadingCommentRanges(file.text, 0)?.[0]
  if (header === undefined || !file.text.slice(header.pos, header.end).includes("@since")) {
    problems.push(`${Path.relative(root, path)} does not begin with a docstring that has @since`)
  }
  for (const statement of file.statements.filter(isExported)) {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      for (const element of statement.exportClause.elements) {
        checkDocstring(file, element, element.getText(), ["@since"], false)
      }
    } else {
      const tags = Path.basename(path) === "index.ts" ? ["@since"] : ["@since", "@category"]
      checkDocstring(file, statement, nameOf(statement), tags, !ts.isExportDeclaration(statement))
    }
  }
}

const compile = () => {
  Fs.writeFileSync(
    Path.join(output, "tsconfig.json"),
    JSON.stringify({
      extends: "../tsconfig.base.json",
      compilerOptions: { noEmit: true, types: ["node"], noUnusedLocals: false },
      include: ["**/*.ts"]
    })
  )
  try {
    const tsc = Path.join(root, "node_modules/typescript/bin/tsc")
    execFileSync(process.execPath, [tsc, "-p", output], { cwd: root, encoding: "utf8" })
  } catch (error) {
    // A failed execFileSync carries what the compiler wrote.
    const written = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error)
    problems.push(written.replace(/^\S*?(\d{3})\.ts/gm, (_, n) => `${examples[Number(n)]?.source} (example ${n})`))
  }
}

const execute = promisify(execFile)

/** Runs a file, and returns its error output if it fails. */
const run = async (file: string, timeout = runTimeout): Promise<string | undefined> => {
  try {
    const args = ["--conditions=@vesper/source", "--import", "tsx", file]
    await execute(process.execPath, args, { cwd: root, timeout })
    return undefined
  } catch (error) {
    return (error instanceof Error && "stderr" in error && String(error.stderr)) || String(error)
  }
}

/** All in one process, which is quick; if it fails, one by one, which tells who failed. */
const runAll = async () => {
  const all = Path.join(output, "all.ts")
  const waiting = examples.filter(({ isRun }) => isRun)
  Fs.writeFileSync(all, waiting.map(({ file }) => `await import("./${Path.basename(file)}")\n`).join(""))
  const failure = await run(all, runAllTimeout)
  if (failure === undefined) {
    return
  }
  const found = problems.length
  for (const { file, source } of waiting) {
    const problem = await run(file)
    if (problem !== undefined) {
      problems.push(`${source}: its example fails when it runs\n${problem}`)
    }
  }
  if (problems.length === found) {
    problems.push(`the examples fail when they run in one process, though each runs alone\n${failure}`)
  }
}

/** Runs the blocks that are tests, all at once. */
const runTests = async () => {
  const tests = examples.filter(({ isTest }) => isTest).map(({ file }) => file)
  const config = Path.join(output, "vitest.config.mjs")
  Fs.writeFileSync(
    config,
    `import { mergeConfig } from "vitest/config"
import shared from "../vitest.shared.js"
export default mergeConfig(shared, { test: { include: ${JSON.stringify(tests)} } })
`
  )
  const vitest = Path.join(root, "node_modules/vitest/vitest.mjs")
  try {
    await execute(process.execPath, [vitest, "run", "--root", output, "--config", config], { cwd: output })
  } catch (error) {
    problems.push(error instanceof Error && "stdout" in error ? String(error.stdout) : String(error))
  }
}

Fs.rmSync(output, { recursive: true, force: true })
Fs.mkdirSync(output, { recursive: true })
for (const folder of packages) {
  files(Path.join(folder, "src"), /\.ts$/).filter((path) => Path.basename(path) !== "bin.ts").forEach(checkModule)
}
const pages = [
  root,
  Path.join(root, "docs"),
  Path.join(root, "docs/decisions"),
  Path.join(root, "docs/guides"),
  ...packages,
  ...Fs.readdirSync(Path.join(root, "examples")).map((name) => Path.join(root, "examples", name))
]
for (const page of pages.flatMap((folder) => files(folder, /\.md$/))) {
  addExamples(Path.relative(root, page), Fs.readFileSync(page, "utf8"), false)
}
compile()
if (problems.length === 0) {
  await runAll()
  await runTests()
}
if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exitCode = 1
} else {
  const ran = examples.filter(({ isRun }) => isRun).length
  const tested = examples.filter(({ isTest }) => isTest).length
  console.log(`${examples.length} examples compile, ${ran} of them ran, ${tested} are tests that pass`)
  Fs.rmSync(output, { recursive: true, force: true })
}
