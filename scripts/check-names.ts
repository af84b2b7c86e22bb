/**
 * Checks that no two types of a package share a name: interfaces, type aliases, classes and enums, exported or not. A type may be
 * declared again beside a value of its own name in the same file.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"

/**
 * Names that a public module may share with other public modules, because users read them with the name of their module:
 * `Shard.Options`. A public module is a file directly in `src`.
 */
const conventions = new Set(["Current", "TypeId", "Name", "Options", "ConfigOptions", "ShardOptions"])

const isExempt = (name: string, file: string): boolean => conventions.has(name) && !file.includes("/")

/** Clashes that are still to be renamed, by package. A name that is no longer shared must leave this list. */
const remaining: Readonly<Record<string, ReadonlyArray<string>>> = {
  bot: ["Handlers", "Settings"]
}

/** Returns the names of the types that a source file declares at its top level. */
export const declaredTypes = (file: string, text: string): ReadonlyArray<string> =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest).statements.flatMap((statement) =>
    (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) ||
        ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) && statement.name !== undefined
      ? [statement.name.text]
      : []
  )

/** Returns the names that several files declare, with these files. */
export const findDuplicates = (
  files: ReadonlyArray<readonly [file: string, names: ReadonlyArray<string>]>
): ReadonlyArray<readonly [name: string, files: ReadonlyArray<string>]> => {
  const places = new Map<string, Set<string>>()
  for (const [file, names] of files) {
    for (const name of names) {
      places.set(name, (places.get(name) ?? new Set()).add(file))
    }
  }
  return Array.from(places, ([name, found]) => [name, Array.from(found)] as const).filter(([, found]) =>
    found.length > 1
  )
}

if (process.argv[1] === import.meta.filename) {
  const packages = readdirSync("packages")
  let count = 0
  for (const name of packages) {
    const src = join("packages", name, "src")
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    const found = findDuplicates(
      files.map((file) => [
        file,
        declaredTypes(file, readFileSync(join(src, file), "utf8")).filter((type) => !isExempt(type, file))
      ])
    )
    const expected = remaining[name] ?? []
    for (const [type, places] of found.filter(([type]) => !expected.includes(type))) {
      count++
      console.error(`${name} has several types named ${type}: ${places.toSorted().join(", ")}`)
    }
    for (const type of expected.filter((type) => found.every(([shared]) => shared !== type))) {
      count++
      console.error(`${name} has one type named ${type}: remove it from the remaining names of scripts/check-names.ts`)
    }
  }
  const left = Object.values(remaining).flat().length
  console.log(`types of ${packages.length} packages, ${left} known names that several share, ${count} problems`)
  process.exitCode = count > 0 ? 1 : 0
}
