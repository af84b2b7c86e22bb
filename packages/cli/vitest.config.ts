import { mergeConfig } from "vitest/config"
import shared from "../../vitest.shared.js"

// In a process that files share, some of these tests get the live clock instead of the TestClock.
export default mergeConfig(shared, { test: { poolOptions: { forks: { isolate: true } } } })
