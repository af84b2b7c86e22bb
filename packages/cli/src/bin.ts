#!/usr/bin/env node
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Cli from "./Cli.js"

// The failed write handles a closed pipe. Without a listener, Node would throw it here.
process.stdout.on("error", () => {})
process.stderr.on("error", () => {})

// A terminal sends Ctrl-C to npm and to this process, and npm forwards it: a second one within a second is a copy. A later
// one is a request to end at once.
const copyWindow = 1_000
let interruptedAt: number | undefined
process.on("SIGINT", () => {
  interruptedAt ??= performance.now()
  if (performance.now() - interruptedAt > copyWindow) {
    process.exit(130)
  }
})

// A terminal that is closed ends the command as SIGTERM does.
process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

Cli.run(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, onExit) => onExit(Cli.exitCode(exit))
  })
)
