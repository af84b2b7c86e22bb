/**
 * Checks the rooms of the packages. A room is a folder below a package's `src`: it has at most ten files besides its entry,
 * `index.ts`, whose first comment is its line in `docs/design.md`.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const maxFiles = 10

/**
 * Folders without an entry: only public modules import the files of a single `internal` folder, and the lint rule for
 * rooms leaves out the model and the benchmarks. Their lines in `docs/design.md` are written by hand.
 */
const isWithoutEntry = (name: string): boolean =>
  name === "platform-node/internal" || name.startsWith("model/") || name.startsWith("bench/")

/** Not generated: one public module for each object of Discord's documentation. */
const isCatalogue = (name: string): boolean => name === "model/objects"

/** Files that a script makes of a neighbour, which is counted. */
const isGenerated = (file: string): boolean => file === "latin1Module.ts"

interface Room {
  readonly name: string
  readonly files: ReadonlyArray<string>
  /** The first comment of the entry; undefined without one. */
  readonly purpose: string | undefined
}

/** Returns the first comment of an entry on one line; undefined without one. */
export const findPurpose = (entry: string): string | undefined =>
  /^\/\*\*([\s\S]*?)\*\//.exec(entry)?.[1]?.replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ").trim()

/** The rooms below a folder. A folder with folders alone is not a room. */
const roomsBelow = (folder: string, name: string): ReadonlyArray<Room> =>
  readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => {
    const path = join(folder, entry.name)
    const files = readdirSync(path, { withFileTypes: true })
      .filter((file) => file.isFile() && !isGenerated(file.name))
      .map(({ name }) => name)
    const own = `${name}/${entry.name}`
    const room: Room = {
      name: own,
      files: files.filter((file) => file !== "index.ts"),
      purpose: files.includes("index.ts") ? findPurpose(readFileSync(join(path, "index.ts"), "utf8")) : undefined
    }
    return [...(files.length > 0 ? [room] : []), ...roomsBelow(path, own)]
  })

/** Returns the problems of the rooms, in words. */
const problems = (rooms: ReadonlyArray<Room>): ReadonlyArray<string> =>
  rooms.flatMap(({ files, name, purpose }) => [
    ...(files.length > maxFiles && !isCatalogue(name)
      ? [`${name} has ${files.length} files besides its entry, at most ${maxFiles} are allowed`]
      : []),
    ...(isWithoutEntry(name) ? [] : [
      ...(purpose === undefined ? [`${name} has no entry index.ts that begins with a comment`] : []),
      ...(name.endsWith("/internal") ? [`${name} has files outside of rooms: ${files.join(", ")}`] : [])
    ])
  ])

if (process.argv[1] === import.meta.filename) {
  const rooms = readdirSync("packages").flatMap((name) => roomsBelow(join("packages", name, "src"), name))
  const found = problems(rooms)
  for (const problem of found) {
    console.error(problem)
  }
  console.log(`${rooms.length} rooms, ${found.length} problems`)
  process.exitCode = found.length > 0 ? 1 : 0
}
