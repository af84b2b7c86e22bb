/**
 * Checks that each test that `docs/from-twilight.md` names exists, by the file and the full title that Vitest collects. A
 * title that is made in a loop counts only as it is made.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"

const table = "docs/from-twilight.md"

const named = Array.from(
  readFileSync(table, "utf8").matchAll(/`([\w/-]+\.test\.ts)`: ([^|<]+?)(?= *(?:\||<br>))/g),
  ([, file = "", title = ""]) => ({ file: `packages/${file}`, title })
)

interface Collected {
  readonly name: string
  readonly file: string
}

/** Returns the titles of all tests in the files, by Vitest, which imports the files and runs no test. */
const collect = (files: ReadonlyArray<string>): ReadonlySet<string> => {
  const folder = mkdtempSync(join(tmpdir(), "vesper-titles-"))
  const output = join(folder, "titles.json")
  try {
    const { status } = spawnSync("npx", [
      "vitest",
      "list",
      `--json=${output}`,
      "--no-isolate",
      "--maxWorkers=1",
      "--minWorkers=1",
      ...files
    ], {
      stdio: ["ignore", "ignore", "inherit"]
    })
    if (status !== 0) {
      throw new Error("vitest list failed")
    }
    // Vitest writes an array of these.
    const tests = JSON.parse(readFileSync(output, "utf8")) as ReadonlyArray<Collected>
    return new Set(tests.map(({ file, name }) => `${relative(process.cwd(), file)}: ${name}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const files = Array.from(new Set(named.map(({ file }) => file)))
const missing = files.filter((file) => !existsSync(file)).map((file) => `${file} does not exist`)
const titles = collect(files.filter((file) => existsSync(file)))
const unknown = named
  .filter(({ file, title }) => existsSync(file) && !titles.has(`${file}: ${title}`))
  .map(({ file, title }) => `${file} has no test called "${title}"`)

const problems = [...missing, ...unknown, ...(named.length === 0 ? [`${table} names no test at all`] : [])]
for (const problem of problems) {
  process.stderr.write(`${table}: ${problem}\n`)
}
process.stdout.write(`${named.length} tests named in ${table}, ${problems.length} of them not found\n`)
process.exitCode = problems.length > 0 ? 1 : 0
