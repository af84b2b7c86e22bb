/**
 * Checks the rooms of the packages. A room is a folder below a package's `src`: it has an entry, `index.ts`, whose first
 * comment is its line in `docs/design.md`, and at most ten other files.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const maxFiles = 10

/** The packages whose code stands in rooms. */
const packages = ["gateway", "bot", "state", "cluster", "testing", "cli"]

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
    const files = readdirSync(path).filter((file) => file.endsWith(".ts"))
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
    ...(files.length > maxFiles ? [`${name} has ${files.length} files beside its entry, at most ${maxFiles} fit`] : []),
    ...(purpose === undefined ? [`${name} has no entry index.ts that begins with a comment`] : []),
    ...(name.endsWith("/internal") ? [`${name} has files outside of rooms: ${files.join(", ")}`] : [])
  ])

if (process.argv[1] === import.meta.filename) {
  const rooms = packages.flatMap((name) => roomsBelow(join("packages", name, "src"), name))
  const found = problems(rooms)
  for (const problem of found) {
    console.error(problem)
  }
  console.log(`${rooms.length} rooms, ${found.length} problems`)
  process.exitCode = found.length > 0 ? 1 : 0
}
