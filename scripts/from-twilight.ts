/**
 * Checks that each test that `docs/from-twilight.md` names exists: the file, the `describe` and the `it`. A title that is
 * made in a loop has holes, and stands for every title that fits.
 */
import { existsSync, readFileSync } from "node:fs"

const table = "docs/from-twilight.md"

/** The titles of a test file, as patterns. */
const titles = (source: string): ReadonlyArray<RegExp> =>
  Array.from(
    source.matchAll(/\b(?:it|describe)(?:\.\w+)*\(\s*("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g),
    ([, literal = ""]) => {
      const parts = literal.slice(1, -1).replaceAll(/\\(["`])/g, "$1").split(/\$\{[^}]*(?:\{[^}]*\}[^}]*)*\}/)
      return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`)
    }
  )

const problems: Array<string> = []
let count = 0
for (
  const [, file = "", name = ""] of readFileSync(table, "utf8").matchAll(
    /`([\w/-]+\.test\.ts)`: ([^|<]+?)(?= *(?:\||<br>))/g
  )
) {
  count++
  const path = `packages/${file}`
  if (!existsSync(path)) {
    problems.push(`${path} does not exist`)
    continue
  }
  const known = titles(readFileSync(path, "utf8"))
  for (const part of name.split(" > ")) {
    if (!known.some((title) => title.test(part))) {
      problems.push(`${path} has no test or group called "${part}"`)
    }
  }
}
if (count === 0) {
  problems.push(`${table} names no test at all`)
}
for (const problem of problems) {
  process.stderr.write(`${table}: ${problem}\n`)
}
process.stdout.write(`${count} tests named in ${table}, ${problems.length} of them not found\n`)
process.exitCode = problems.length > 0 ? 1 : 0
