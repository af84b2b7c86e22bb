/**
 * Checks that each relative link of the Markdown pages leads to a file, and its fragment to a heading; that the list of
 * decisions has each record; that each decision that a comment names exists, and each module that a page names with its
 * folder; and that the versions in `npm install` lines are those of the packages.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { basename, dirname, join, normalize } from "node:path"

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => existsSync(file))

const pages = tracked.filter((file) => file.endsWith(".md") && !file.startsWith(".changeset/"))

const proseOf = (file: string): string => readFileSync(file, "utf8").replace(/^(`{3,})[\s\S]*?^\1$/gm, "")

/** The fragment that GitHub makes of a heading. */
const fragmentOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[`*]/g, "")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const fragmentsOf = (file: string): ReadonlySet<string> =>
  new Set(Array.from(proseOf(file).matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => fragmentOf(heading)))

const linksOf = (file: string): ReadonlyArray<string> => {
  const text = proseOf(file).replace(/`[^`\n]*`/g, "")
  return Array.from(
    text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g),
    ([, link, attribute]) => link ?? attribute ?? ""
  )
    .filter((link) => !/^[a-z]+:/.test(link))
}

const problems: Array<string> = []

for (const page of pages) {
  for (const link of linksOf(page)) {
    const [path = "", fragment] = link.split("#")
    const target = path === "" ? page : normalize(join(dirname(page), path))
    if (!existsSync(target)) {
      problems.push(`${page} links to ${link}, which does not exist`)
    } else if (fragment !== undefined && target.endsWith(".md") && !fragmentsOf(target).has(fragment)) {
      problems.push(`${page} links to ${link}, and ${target} has no such heading`)
    }
  }
}

for (const page of pages) {
  for (const [, module = ""] of proseOf(page).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)) {
    if (!tracked.some((file) => file.endsWith(`/${module}`) || file === module)) {
      problems.push(`${page} names ${module}, which does not exist`)
    }
  }
}

const decisions = tracked.filter((file) => /^docs\/decisions\/\d{4}-/.test(file)).map((file) => basename(file))
const list = readFileSync("docs/decisions/README.md", "utf8")
for (const decision of decisions.filter((file) => !list.includes(`(${file})`))) {
  problems.push(`docs/decisions/README.md does not list ${decision}`)
}

const numbers = new Set(decisions.map((file) => file.slice(0, 4)))
for (const file of tracked.filter((name) => /\.(?:md|mjs|ts)$/.test(name))) {
  for (const [name, number = ""] of readFileSync(file, "utf8").matchAll(/\bdecisions? (0\d{3})\b/gi)) {
    if (!numbers.has(number)) {
      problems.push(`${file} names ${name}, which does not exist`)
    }
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

// The manifests of npm have these fields.
const manifests = tracked.filter((file) => /^(?:packages\/[^/]+\/)?package\.json$/.test(file))
  .map((file) => JSON.parse(readFileSync(file, "utf8")) as Manifest)

const rangesOf = (name: string): ReadonlyArray<string> =>
  manifests.flatMap(({ dependencies, devDependencies, peerDependencies }) =>
    [dependencies, devDependencies, peerDependencies].flatMap((group) => group?.[name] ?? [])
  )

for (const page of pages) {
  for (const [command] of readFileSync(page, "utf8").matchAll(/^npm install .*$/gm)) {
    for (const [, name = "", version = ""] of command.matchAll(/ (@?[\w/-]+)@\^([\d.]+)/g)) {
      const ranges = rangesOf(name)
      if (ranges.length === 0 || !ranges.every((range) => range.startsWith(`^${version}.`))) {
        problems.push(
          `${page} installs ${name}@^${version}, and the packages use ${ranges.join(", ") || "no such package"}`
        )
      }
    }
    if (/ (?:effect|vitest|@effect\/[\w-]+)(?= |$)/.test(command)) {
      problems.push(`${page} installs a package of Effect or vitest without its version: ${command}`)
    }
  }
}

problems.forEach((problem) => console.error(problem))
console.log(`${pages.length} pages, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0
