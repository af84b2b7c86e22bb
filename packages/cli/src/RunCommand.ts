/**
 * `vesper run`: shards on Discord's gateway.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { database } from "./internal/databaseOption.js"
import * as Common from "./internal/options.js"
import * as RunOptions from "./internal/runOptions.js"

const cluster = Options.boolean("cluster").pipe(
  Options.withDescription(
    "Runs as a cluster of one, which keeps sessions and the identify budget in --database over restarts and crashes. " +
      "Where there is no terminal it prints where shards are, and events with --json."
  )
)

/**
 * @since 0.1.0
 * @category commands
 */
export const runCommand = Command.make(
  "run",
  { ...RunOptions.options, cluster, database },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/runShards.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Runs shards on Discord's gateway, with a live view on a terminal and plain lines elsewhere. The bot's token comes " +
      `from DISCORD_TOKEN. ${Common.keys}`
  )
)

const out = Args.text({ name: "file" }).pipe(
  Args.withDescription("Where to write; such as traffic.ndjson.gz. It must not be there yet.")
)

const redactContents = Options.boolean("redact-contents").pipe(
  Options.withDescription("Leaves out what people wrote and are called: all text but ids, times and names of kinds.")
)

/**
 * @since 0.1.0
 * @category commands
 */
export const recordCommand = Command.make(
  "record",
  { ...RunOptions.options, out, redactContents },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/runShards.js")), ({ record }) => record(options))
).pipe(
  Command.withDescription(
    "Runs shards as vesper run does, and writes what they receive to a file: compressed, one event a line. No token is " +
      "in it, of the bot or of an interaction."
  )
)
