/**
 * Counts habits of speech per 1,000 words of Markdown pages, comments and docstrings, and fails when one is more frequent
 * than its limit.
 *
 *   npm run check:prose                        packages, scripts, examples, docs and README.md
 *   npm run check:prose -- --lines docs        lists the lines with hits as well, those with most hits first
 *   npm run check:prose -- --base main         counts only lines that were added since a commit
 *   npm run check:prose -- --files             lists the files by their number of hits
 */
import { execFileSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { parseArgs } from "node:util"
import { count, type Hit, rate } from "./prose/count.js"
import { habits } from "./prose/habits.js"
import { of } from "./prose/passages.js"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { lines: { type: "boolean" }, files: { type: "boolean" }, base: { type: "string" } }
})

const paths = positionals.length > 0 ? positionals : ["packages", "scripts", "examples", "docs", "README.md"]

/** Data, installed or generated. */
const isSkipped = (file: string): boolean =>
  /(?:^|\/)(?:node_modules|dist|fixtures|peers|api|cache)\/|CHANGELOG|\.d\.ts$|(?:^|\/)check-prose\.ts$/.test(file)

const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, { encoding: "utf8", maxBuffer: 1 << 28 })

/** The lines that were added since a commit, by file. */
const addedSince = (base: string): ReadonlyMap<string, ReadonlySet<number>> => {
  const added = new Map<string, Set<number>>()
  let lines = new Set<number>()
  let number = 0
  for (const line of git("diff", "--unified=0", "--no-color", "--relative", base, "--", ...paths).split("\n")) {
    const hunk = /^@@ .* \+(\d+)/.exec(line)
    if (line.startsWith("+++ b/")) {
      lines = new Set()
      added.set(line.slice("+++ b/".length), lines)
    } else if (hunk !== null) {
      number = Number(hunk[1])
    } else if (line.startsWith("+")) {
      lines.add(number)
      number += 1
    }
  }
  return added
}

const added = values.base === undefined ? undefined : addedSince(values.base)

// New files count before they are committed.
const files = (added === undefined
  ? git("ls-files", "--cached", "--others", "--exclude-standard", "--", ...paths).split("\n")
  : Array.from(added.keys()))
  .filter((file) => file !== "" && !isSkipped(file) && statSync(file, { throwIfNoEntry: false })?.isFile() === true)

let words = 0
const found: Array<Hit & { readonly file: string }> = []
for (const file of files) {
  const lines = added?.get(file)
  const result = count(of(file, readFileSync(file, "utf8")), habits, (line) => lines?.has(line) ?? true)
  words += result.words
  found.push(...result.hits.map((hit) => ({ ...hit, file })))
}

/** The hits by a key, the largest group first. */
const grouped = (key: (hit: typeof found[number]) => string) => {
  const groups = new Map<string, typeof found>()
  for (const hit of found) {
    groups.set(key(hit), [...(groups.get(key(hit)) ?? []), hit])
  }
  return Array.from(groups).sort((left, right) => right[1].length - left[1].length)
}

if (values.lines === true) {
  for (const [place, hits] of grouped(({ file, line }) => `${file}:${line}`)) {
    console.log(`${place}: ${hits.map(({ match }) => match).join(" | ")}: ${hits[0]?.text ?? ""}`)
  }
}
if (values.files === true) {
  for (const [file, hits] of grouped(({ file }) => file)) {
    console.log(`${String(hits.length).padStart(4)} ${file}`)
  }
}

console.log(`${words} words of prose in ${files.length} files; for each 1,000 words:`)
let exceeded = 0
for (const habit of habits) {
  const frequency = rate(found.filter((hit) => hit.habit === habit).length, words)
  const isExceeded = frequency > habit.limit
  exceeded += isExceeded ? 1 : 0
  console.log(
    `${isExceeded ? "over" : "    "} ${frequency.toFixed(2).padStart(6)} of ${habit.limit.toFixed(1)}  ${habit.name}`
  )
}
if (exceeded > 0) {
  console.error(`${exceeded} habits are more frequent than their limits; --lines lists the lines`)
  process.exitCode = 1
}
