/**
 * `npm run mutants`: makes each of the faults in `packages/gateway/test/mutants` in a copy of the packages, and demands
 * that the test file which it names fails. `-- --only words` tries those whose names hold the words, `-- --sample 2` so
 * many that change by the day.
 */
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { parseArgs } from "node:util"
import type { Mutant } from "../../packages/gateway/test/mutants/mutant.js"
import { mutants } from "../../packages/gateway/test/mutants/mutants.js"

const { values } = parseArgs({ options: { only: { type: "string" }, sample: { type: "string" } } })
const root = Path.resolve(import.meta.dirname, "../..")
const patience = 240_000

const countOf = (text: string, part: string) => text.split(part).length - 1

/** A mutant that does not apply proves nothing: the code has changed, and it must follow. */
const misfits = mutants.filter(({ file, from, test }) =>
  countOf(Fs.readFileSync(Path.join(root, "packages", file), "utf8"), from) !== 1 ||
  !Fs.existsSync(Path.join(root, "packages", test))
)

/** The packages, their dependencies as links, and nothing of it shared with the original. */
const makeCopy = (): string => {
  const copy = Fs.mkdtempSync(Path.join(Os.tmpdir(), "vesper-mutants-"))
  const settings = /^(package|tsconfig|vitest)\b.*\.(json|ts)$/
  for (const name of Fs.readdirSync(root).filter((name) => settings.test(name))) {
    Fs.copyFileSync(Path.join(root, name), Path.join(copy, name))
  }
  // The reporter of tests that are left out, which vitest's config imports.
  Fs.mkdirSync(Path.join(copy, "scripts"))
  Fs.copyFileSync(Path.join(root, "scripts/leftOut.ts"), Path.join(copy, "scripts/leftOut.ts"))
  Fs.cpSync(Path.join(root, "packages"), Path.join(copy, "packages"), {
    recursive: true,
    filter: (path) => !/\/(node_modules|dist)$/.test(path)
  })
  const modules = Path.join(copy, "node_modules")
  Fs.mkdirSync(Path.join(modules, "@vesper"), { recursive: true })
  for (const name of Fs.readdirSync(Path.join(root, "node_modules"))) {
    if (name !== "@vesper" && !name.startsWith(".vite")) {
      Fs.symlinkSync(Path.join(root, "node_modules", name), Path.join(modules, name))
    }
  }
  for (const name of Fs.readdirSync(Path.join(root, "packages"))) {
    Fs.symlinkSync(Path.join(copy, "packages", name), Path.join(modules, "@vesper", name))
    const own = Path.join(root, "packages", name, "node_modules")
    if (Fs.existsSync(own)) {
      Fs.symlinkSync(own, Path.join(copy, "packages", name, "node_modules"))
    }
  }
  return copy
}

type Verdict = "killed" | "killed by waiting" | "survived" | "broken"

interface Run {
  readonly isLate: boolean
  readonly isSuccess: boolean
  readonly output: string
}

/** Runs a program as a group of its own: a mutant that never ends would outlive the runner that started its worker. */
const run = (cwd: string, args: ReadonlyArray<string>): Promise<Run> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1", VESPER_HISTORIES: "20" }
    const child = spawn(process.execPath, args, { cwd, env, detached: true })
    let output = ""
    let isLate = false
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    const end = () => {
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, "SIGKILL")
        } catch {
          // All of it has ended.
        }
      }
    }
    const timer = setTimeout(() => {
      isLate = true
      end()
    }, patience)
    child.once("error", reject)
    child.once("exit", (code) => {
      clearTimeout(timer)
      end()
      resolve({ isLate, isSuccess: code === 0, output })
    })
  })

const tests = async (copy: string, test: string): Promise<Verdict> => {
  const { isLate, isSuccess, output } = await run(copy, [
    Path.join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    `packages/${test}`,
    "--bail",
    "1",
    "--testTimeout",
    "20000"
  ])
  if (isLate) {
    return "killed by waiting"
  }
  // A file that does not load would fail for any mutant.
  const hasRun = /Tests .*\d+ (passed|failed)/.test(output)
  if (!hasRun) {
    console.log(output)
  }
  return !hasRun ? "broken" : isSuccess ? "survived" : "killed"
}

const tryOut = async (copy: string, { file, from, test, to }: Mutant): Promise<Verdict> => {
  const path = Path.join(copy, "packages", file)
  const original = Fs.readFileSync(path, "utf8")
  Fs.writeFileSync(path, original.replace(from, () => to))
  try {
    return await tests(copy, test)
  } finally {
    Fs.writeFileSync(path, original)
  }
}

const chosen = (): ReadonlyArray<Mutant> => {
  const sample = Number(values.sample ?? mutants.length)
  const start = values.sample === undefined ? 0 : Math.floor(Date.now() / 86_400_000) * sample
  return Array.from({ length: sample }, (_, i) => mutants[(start + i) % mutants.length]).flatMap((mutant) =>
    mutant !== undefined && (values.only === undefined || mutant.name.includes(values.only)) ? [mutant] : []
  )
}

for (const { name } of misfits) {
  console.log(`does not apply     ${name}`)
}
const copy = makeCopy()
const verdicts: Array<Verdict> = []
try {
  for (const mutant of chosen()) {
    const started = Date.now()
    const verdict = misfits.includes(mutant) ? "broken" : await tryOut(copy, mutant)
    verdicts.push(verdict)
    console.log(
      `${verdict.padEnd(18)} ${mutant.name} (${mutant.test}, ${((Date.now() - started) / 1000).toFixed(1)} s)`
    )
  }
} finally {
  Fs.rmSync(copy, { recursive: true })
}
const killed = verdicts.filter((verdict) => verdict.startsWith("killed")).length
console.log(`${killed} of ${verdicts.length} killed, ${mutants.length} in all, ${misfits.length} do not apply`)
process.exitCode = killed === verdicts.length && misfits.length === 0 ? 0 : 1
