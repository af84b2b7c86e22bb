import { defineWorkspace, mergeConfig } from "vitest/config"
import shared from "./vitest.shared.js"

export default defineWorkspace([
  "packages/*",
  mergeConfig(shared, { test: { name: "examples", include: ["examples/*/**/*.test.ts"] } }),
  mergeConfig(shared, { test: { name: "scripts", include: ["scripts/**/*.test.ts"] } })
])
