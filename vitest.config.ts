import { defineConfig } from "vitest/config"
import { LeftOut } from "./scripts/leftOut.js"
import projects from "./vitest.workspace.js"

// Vitest 3.2 would read the workspace by itself, with a notice at each run that it will not do so for ever.
export default defineConfig({ test: { projects, reporters: ["default", new LeftOut()] } })
