/** Writes the README's table of figures from `packages/bench/results`; with `--check`, fails when the table differs. */
import { readFileSync, writeFileSync } from "node:fs"

interface Row {
  readonly client: string
  readonly mode: string
  readonly ratio: number
  readonly survived: number
}

interface Results {
  readonly throughput: ReadonlyArray<Row>
}

const versions = ["20", "24"]
const modes = ["json", "zlib-stream"]

// `npm run bench -- --save` writes these files.
const results = versions.map((version) =>
  JSON.parse(readFileSync(`packages/bench/results/node-${version}.json`, "utf8")) as Results
)

const columns = results.flatMap(({ throughput }) => modes.map((mode) => throughput.filter((row) => row.mode === mode)))

const clients = Array.from(new Set(columns.flat().map(({ client }) => client)))

const cells = clients.map((client) => ({
  client,
  ratios: columns.map((rows) => rows.find((row) => row.client === client && row.survived > 0)?.ratio)
}))

// Each of them was measured with at least one compression; the fastest with JSON is first.
const rows = cells
  .filter(({ ratios }) => ratios.some((ratio) => ratio !== undefined))
  .toSorted((left, right) => (left.ratios[0] ?? 0) - (right.ratios[0] ?? 0))

const line = (parts: ReadonlyArray<string>): string => `| ${parts.join(" | ")} |`

const table = [
  line(["", ...versions.flatMap((version) => modes.map((mode) => `Node ${version}, ${mode}`))]),
  `|---|${columns.map(() => "---:|").join("")}`,
  ...rows.map(({ client, ratios }) => line([client, ...ratios.map((ratio) => ratio?.toFixed(2) ?? "–")]))
].join("\n")

const [start, end] = ["<!-- figures -->", "<!-- /figures -->"]
const readme = readFileSync("README.md", "utf8")
const [from, to] = [readme.indexOf(start), readme.indexOf(end)]
if (from === -1 || to === -1) {
  throw new Error(`README.md has no ${start} and ${end}`)
}
const written = `${readme.slice(0, from + start.length)}\n${table}\n${readme.slice(to)}`

if (!process.argv.includes("--check")) {
  writeFileSync("README.md", written)
} else if (written !== readme) {
  console.error("The README's figures are not those of packages/bench/results: npm run figures")
  process.exitCode = 1
}
