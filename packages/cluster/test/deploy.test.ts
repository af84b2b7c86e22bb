/**
 * The files of docs/deploy: read as YAML, checked against the types of Kubernetes' API, and by systemd if the
 * machine has it. They must call Vesper with options that it has.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { parseAllDocuments } from "yaml"

const read = (name: string) =>
  Fs.readFileSync(fileURLToPath(new URL(`../../../docs/deploy/${name}`, import.meta.url)), "utf8")

const readYaml = (name: string): ReadonlyArray<unknown> =>
  parseAllDocuments(read(name), { merge: true }).map((document) => {
    assert.deepStrictEqual(document.errors, [])
    assert.deepStrictEqual(document.warnings, [])
    return document.toJS()
  })

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (found, key) => typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined,
    value
  )

/** The types of Kubernetes' API, which @effect/cluster brings. */
const kinds: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  PodDisruptionBudget: "policy/v1",
  NetworkPolicy: "networking/v1"
}

/** The errors that TypeScript finds in the objects by their kinds. */
const findTypeErrors = (objects: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const file = fileURLToPath(new URL("manifests.ts", import.meta.url))
  const text = objects.map((object, index) => {
    const kind = String(at(object, "kind"))
    return `import type { ${kind} as T${index} } from "kubernetes-types/${kinds[kind]}"\n` +
      `export const o${index}: T${index} = ${JSON.stringify(object)}\n`
  }).join("")
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ["lib.es2022.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler
  }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...host,
    fileExists: (name) => name === file || host.fileExists(name),
    readFile: (name) => name === file ? text : host.readFile(name),
    getSourceFile: (name, version) =>
      name === file ? ts.createSourceFile(name, text, version) : host.getSourceFile(name, version)
  })
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))
}

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0

/** The complaints of systemd about a unit; none on a machine without it. */
const findSystemd = (unit: string): string | undefined => {
  const folder = Fs.mkdtempSync(Path.join(tmpdir(), "vesper-unit-"))
  try {
    const file = Path.join(folder, "vesper-runner@.service")
    Fs.writeFileSync(file, unit)
    const { error, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" })
    return error === undefined ? stderr : undefined
  } finally {
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}

describe("docs/deploy", () => {
  it("gives Kubernetes whole objects, whose selectors match the pods", () => {
    const objects = readYaml("kubernetes.yaml")
    assert.deepStrictEqual(objects.map((object) => at(object, "kind")), [
      "Deployment",
      "PodDisruptionBudget",
      "NetworkPolicy"
    ])
    for (const object of objects) {
      assert.isString(at(object, "apiVersion"))
      assert.strictEqual(at(object, "metadata", "name"), "vesper-runner")
    }
    const [deployment, budget, policy] = objects
    const labels = at(deployment, "spec", "template", "metadata", "labels")
    assert.deepStrictEqual(at(deployment, "spec", "selector", "matchLabels"), labels)
    assert.deepStrictEqual(at(budget, "spec", "selector", "matchLabels"), labels)
    assert.deepStrictEqual(at(policy, "spec", "podSelector", "matchLabels"), labels)
    const container = at(deployment, "spec", "template", "spec", "containers", 0)
    assert.strictEqual(at(container, "ports", 0, "containerPort"), 34_431)
    assert.include(String(at(container, "command", 2)), "cluster run --host \"$POD_IP\"")
  })

  it("gives Docker Compose three runners and their database", () => {
    const [compose] = readYaml("compose.yaml")
    const services = at(compose, "services")
    assert.deepStrictEqual(Object.keys(Object(services)), ["postgres", "runner-1", "runner-2", "runner-3"])
    assert.strictEqual(at(services, "runner-2", "depends_on", "postgres", "condition"), "service_healthy")
    assert.include(String(at(services, "runner-3", "command", 2)), "cluster run --host $$HOSTNAME")
  })

  it("gives systemd a unit of known sections, each line a setting", () => {
    const sections: Array<string> = []
    for (const line of read("vesper-runner@.service").split("\n")) {
      if (line === "" || line.startsWith("#")) {
        continue
      }
      const section = /^\[(\w+)\]$/.exec(line)?.[1]
      if (section === undefined) {
        assert.match(line, /^[A-Z][A-Za-z]+=.+$/)
        assert.isAbove(sections.length, 0)
      } else {
        sections.push(section)
      }
    }
    assert.deepStrictEqual(sections, ["Unit", "Service", "Install"])
  })

  it("gives Kubernetes nothing that its API does not know", () => {
    const objects = readYaml("kubernetes.yaml")
    assert.deepStrictEqual(findTypeErrors(objects), [])
    const [deployment] = objects
    const misspelt = JSON.parse(JSON.stringify(deployment).replace("\"maxSurge\"", "\"maxSurges\""))
    assert.match(findTypeErrors([misspelt]).join(), /maxSurges/)
    const wrong = JSON.parse(JSON.stringify(deployment).replace("\"replicas\":3", "\"replicas\":\"three\""))
    assert.match(findTypeErrors([wrong]).join(), /'string' is not assignable to type 'number'/)
  }, 60_000)

  it.skipIf(!hasSystemd)("gives systemd a unit that it finds nothing wrong with [systemd-analyze]", () => {
    const unit = read("vesper-runner@.service")
    assert.strictEqual(findSystemd(unit), "")
    assert.match(findSystemd(unit.replace("RestartSec=", "RestartSecs=")) ?? "", /RestartSecs/)
    assert.match(findSystemd(unit.replace("TimeoutStopSec=30", "TimeoutStopSec=soon")) ?? "", /soon/)
  }, 60_000)

  it("calls Vesper with options that it has", () => {
    const source = Fs.readFileSync(
      fileURLToPath(new URL("../../cli/src/commands/cluster.ts", import.meta.url)),
      "utf8"
    )
    const known = new Set(Array.from(source.matchAll(/(?:Options|Common)\.\w+\("([a-z-]+)"/g), ([, name]) => name))
    for (const file of ["kubernetes.yaml", "compose.yaml", "vesper-runner@.service"]) {
      const line = read(file).split("\n").find((line) => line.includes("cluster run")) ?? ""
      const used = Array.from(line.matchAll(/ --([a-z-]+) /g), ([, name]) => name).filter((name) => name !== "yes")
      assert.isAbove(used.length, 2)
      assert.deepStrictEqual(used.filter((name) => !known.has(name)), [], file)
    }
  })
})
