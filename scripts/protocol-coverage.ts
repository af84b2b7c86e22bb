/**
 * Prints what Discord's documentation has and Vesper lacks, and fails if there is anything.
 *
 *     npm run coverage:protocol -- <checkout of github.com/discord/discord-api-docs> [--write]
 *
 * `--write` also renews packages/model/test/documented.json, the facts that the tests hold the model to.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Coverage from "../packages/model/test/coverage.js"
import type { Documentation } from "../packages/model/test/documentation.js"
import { read } from "./protocol/documentation.js"

const stored = path.join(import.meta.dirname, "..", "packages", "model", "test", "documented.json")

const [checkout] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
if (checkout === undefined) {
  console.error("usage: npm run coverage:protocol -- <checkout of github.com/discord/discord-api-docs> [--write]")
  process.exit(2)
}

if (!fs.existsSync(path.join(checkout, "developers"))) {
  console.error(`${checkout} is no checkout of discord-api-docs: it has no folder "developers"`)
  process.exit(2)
}

const documentation: Documentation = read(checkout)
const facts = `${JSON.stringify(Coverage.relevant(documentation), null, 2)}\n`
if (process.argv.includes("--write")) {
  fs.writeFileSync(stored, facts)
}

const lacks = Coverage.findLacks(documentation)
const line = (title: string, what: ReadonlyArray<Coverage.Lack["what"]>, total: number) => {
  const names = new Set(lacks.filter((lack) => what.includes(lack.what)).map((lack) => lack.name))
  const covered = total - names.size
  console.log(`${title.padEnd(22)}${covered} of ${total} (${((100 * covered) / total).toFixed(1)}%)`)
}
const fieldCount = [
  ...Object.values(documentation.events),
  ...Object.values(Coverage.relevant(documentation).structures)
]
  .reduce(
    (sum, part) => sum + Object.keys("fields" in part && typeof part.fields === "object" ? part.fields : part).length,
    0
  )

line("receive events", ["event"], Object.keys(documentation.events).length)
line("fields", ["field"], fieldCount)
line("intents", ["intent"], Object.keys(documentation.intents).length)
line("opcodes", ["opcode"], Object.keys(documentation.opcodes).length)
line("close codes", ["close code"], Object.keys(documentation.closeCodes).length)
line("flags", ["flag"], Object.values(documentation.flags).reduce((sum, table) => sum + Object.keys(table).length, 0))
for (const { name, problem, what } of lacks) {
  console.log(`  ${what} ${name} ${problem}`)
}
if (fs.readFileSync(stored, "utf8") !== facts) {
  console.log("The documentation has changed since packages/model/test/documented.json was written: run with --write.")
  process.exitCode = 1
}
if (lacks.length > 0) {
  process.exitCode = 1
}
