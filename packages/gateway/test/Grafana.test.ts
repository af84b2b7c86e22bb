import { assert, describe, it } from "@effect/vitest"
import * as Metric from "effect/Metric"
import * as Fs from "node:fs"
import * as ShardMetrics from "../src/ShardMetrics.js"

const dashboard = Fs.readFileSync(new URL("../../../docs/grafana.json", import.meta.url), "utf8")

/** The names in the dashboard's expressions, without the suffixes of histograms. */
const named = new Set(
  Array.from(dashboard.matchAll(/vesper_[a-z_]+/g), ([name]) => name.replace(/_(bucket|sum|count)$/, ""))
)

/** The names that the metrics of shards and of their queue have in Effect's registry. */
const exported = () => {
  Object.values(ShardMetrics.all).forEach((metric) => metric.unsafeValue([]))
  const names = Metric.unsafeSnapshot().map(({ metricKey }) => metricKey.name)
  return Array.from(new Set(names.filter((name) => name.startsWith("vesper_"))))
}

describe("the dashboard", () => {
  it("names only metrics that there are, and all of them", () => {
    assert.deepStrictEqual(Array.from(named).sort(), exported().sort())
  })

  it("is what Grafana reads", () => {
    const { panels } = JSON.parse(dashboard)
    assert.isAtLeast(panels.length, 10)
    for (const panel of panels) {
      assert.isNotEmpty(panel.title)
      assert.isNotEmpty(panel.targets)
    }
  })
})
