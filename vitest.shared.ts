import { defineConfig } from "vitest/config"

// Tests run on the sources, not on a build: the packages' exports carry a condition for it.
export default defineConfig({
  resolve: { conditions: ["@vesper/source"] },
  ssr: { resolve: { conditions: ["@vesper/source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    sequence: { concurrent: false },
    setupFiles: [new URL("vitest.setup.ts", import.meta.url).pathname],
    testTimeout: 20_000
  }
})
