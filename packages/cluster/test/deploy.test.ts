/** The files of docs/deploy, as far as can be told without the programs that read them. */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"

const read = (name: string) =>
  Fs.readFileSync(fileURLToPath(new URL(`../../../docs/deploy/${name}`, import.meta.url)), "utf8")

const yamlOf = (name: string): ReadonlyArray<unknown> =>
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

describe("docs/deploy", () => {
  it("gives Kubernetes whole objects, whose selectors match the pods", () => {
    const objects = yamlOf("kubernetes.yaml")
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
    const [compose] = yamlOf("compose.yaml")
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
})
