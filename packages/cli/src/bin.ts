#!/usr/bin/env node
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Cli from "./Cli.js"
import * as ExitCode from "./ExitCode.js"

// A pipe whose reader is gone is an error of the write as well, and dealt with there; unheard, it would be thrown here.
process.stdout.on("error", () => {})

// npm passes on the Ctrl-C that the terminal has sent to everybody, so that one comes twice: the second must not cut the
// ending short. A later one is meant: whoever presses again does not want to wait.
const patience = 1_000
let interruptedAt: number | undefined
process.on("SIGINT", () => {
  interruptedAt ??= performance.now()
  if (performance.now() - interruptedAt > patience) {
    process.exit(130)
  }
})

Cli.run(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, onExit) => onExit(ExitCode.of(exit))
  })
)
