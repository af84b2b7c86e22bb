/**
 * Writes the tables that other files determine: the README's figures from `packages/bench/results`, and the errors and close
 * codes of
 * `docs/errors.md` and the folders of `docs/design.md` from the sources. With `--check`, fails when a table differs.
 */
import * as CloseCode from "@vesper/model/CloseCode"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { shardErrors, tags } from "../packages/cli/src/reference/shardErrors.js"
import { findPurpose } from "./check-rooms.js"

const line = (parts: ReadonlyArray<string>): string => `| ${parts.join(" | ")} |`

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

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

interface Memory {
  readonly peaks: ReadonlyArray<{ readonly client: string; readonly ratio: number }>
  readonly imports: ReadonlyArray<{ readonly module: string; readonly ratio: number }>
}

// `npm run bench -- --only memory --save` writes these files.
const memories = versions.map((version) =>
  JSON.parse(readFileSync(`packages/bench/results/memory-node-${version}.json`, "utf8")) as Memory
)

const ratioTo = (select: (memory: Memory) => number | undefined): ReadonlyArray<string> =>
  memories.flatMap((memory) => [select(memory)?.toFixed(2) ?? "–", ...modes.slice(1).map(() => "–")])

const memoryRow = (title: string, client: string): string =>
  line([title, ...ratioTo(({ peaks }) => peaks.find((row) => row.client === client)?.ratio)])

const memoryFigures = [
  memoryRow("peak memory, to a socket beside an unused Effect", "Vesper, runForEach"),
  memoryRow("peak memory in one file, to a bare socket", "Vesper, in one file"),
  line([
    "CPU of the import, to `import \"effect\"`",
    ...ratioTo(({ imports }) => imports.find((row) => row.module === "@vesper/gateway")?.ratio)
  ])
]

const figures = [
  line(["", ...versions.flatMap((version) => modes.map((mode) => `Node ${version}, ${mode}`))]),
  `|---|${columns.map(() => "---:|").join("")}`,
  ...rows.filter(({ client }) => client !== "the floor")
    .map(({ client, ratios }) => line([client, ...ratios.map((ratio) => ratio?.toFixed(2) ?? "–")])),
  ...memoryFigures
].join("\n")

const errors = [
  line(["error", "when", "the shard then", "remedy"]),
  "|---|---|---|---|",
  ...tags.map((tag) => {
    const { advice, next, when } = shardErrors[tag]
    return line([`\`${tag}\``, ...[when, next, advice].map(sentence)])
  })
].join("\n")

const answerOf = (answer: boolean): string => answer ? "yes" : "no"

const closeCodes = [
  line(["code", "name", "reconnects", "resumes", "meaning"]),
  "|---:|---|---|---|---|",
  ...CloseCode.all.map(({ code, explanation, mayReconnect, mayResume, name }) =>
    line([String(code), name, answerOf(mayReconnect), answerOf(mayResume), sentence(explanation)])
  )
].join("\n")

const foldersIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`${folder}/${name}`, ...foldersIn(`${folder}/${name}`)])

const undescribed = "**no description**"

const described = new Map(
  Array.from(
    readFileSync("docs/design.md", "utf8").matchAll(/^\| `([\w/-]+)` \| (.*) \|$/gm),
    ([, room = "", text = ""]) => [room, text]
  )
)

const describe = (folder: string, room: string): string => {
  const entry = `${folder}/index.ts`
  return (existsSync(entry) ? findPurpose(readFileSync(entry, "utf8")) : undefined) ?? described.get(room) ??
    undescribed
}

/** The folders with modules, but not those that only hold other folders. */
const rooms = readdirSync("packages")
  .flatMap((name) => foldersIn(`packages/${name}/src`))
  .filter((folder) => readdirSync(folder).some((file) => file.endsWith(".ts")))
  .sort()
  .map((folder) => {
    const name = folder.replace(/^packages\//, "").replace("/src/", "/")
    return { name, description: describe(folder, name) }
  })

const map = [
  line(["folder", "contents"]),
  "|---|---|",
  ...rooms.map(({ description, name }) => line([`\`${name}\``, description]))
].join("\n")

const isCheck = process.argv.includes("--check")

/** Replaces the text between two comments of a page. */
const write = (page: string, name: string, table: string) => {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const text = readFileSync(page, "utf8")
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from === -1 || to === -1) {
    throw new Error(`${page} has no ${start} and ${end}`)
  }
  const written = `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`
  if (written === text) {
    return
  }
  if (isCheck) {
    console.error(`${page}: the table "${name}" is not up to date; run npm run generate`)
    process.exitCode = 1
  } else {
    writeFileSync(page, written)
  }
}

write("README.md", "figures", figures)
write("docs/errors.md", "errors", errors)
write("docs/errors.md", "close codes", closeCodes)
write("docs/design.md", "folders", map)

for (const { name } of rooms.filter(({ description }) => description === undescribed)) {
  console.error(`docs/design.md: the folder ${name} has no description`)
  process.exitCode = 1
}
