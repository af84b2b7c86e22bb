/**
 * A reporter that says at the end which tests were left out. Each of those has what it needs in its name. With `CI=true`
 * none may be left out: then the run fails.
 */
import type { Reporter, TestModule } from "vitest/node"

/** True if a filter on the command line has chosen tests: those that it leaves out are not reported. */
const isFiltered = process.argv.some((argument) => argument === "-t" || argument.startsWith("--testNamePattern"))

export class LeftOut implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const skipped = modules.flatMap((module) =>
      Array.from(module.children.allTests("skipped"), (test) => `  ${module.project.name} > ${test.fullName}`)
    )
    if (skipped.length === 0 || isFiltered) {
      return
    }
    console.log(
      [
        `${skipped.length} tests were left out, because this machine has not what they name in brackets:`,
        ...skipped,
        ""
      ].join("\n")
    )
    if (process.env["CI"] === "true") {
      console.log("With CI=true no test may be left out.")
      process.exitCode = 1
    }
  }
}
