/** The commands, with their options. The code of a command is loaded when it runs. */
import * as Command from "@effect/cli/Command"
import { CommandTree } from "../help/index.js"
import { cluster } from "./cluster.js"
import { doctor } from "./doctor.js"
import { queue } from "./queue.js"
import { explain, intents } from "./reference.js"
import { demo, record, run } from "./run.js"
import { replay, simulate } from "./simulate.js"

export type { DoctorOptions } from "./doctor.js"
export type { QueueOptions } from "./queue.js"
export type { RunOptions } from "./run.js"
export type { ReplayOptions, ServerOptions, SimulateOptions } from "./simulate.js"

const subcommands = [demo, simulate, run, doctor, record, replay, intents, explain, queue, cluster] as const

const description = "a Discord gateway client: runs and tries shards. Try: vesper demo"

export const vesper = Command.make("vesper").pipe(
  Command.withDescription(description),
  Command.withSubcommands(subcommands)
)

/** The commands as data. */
export const tree: CommandTree.Group = CommandTree.make(description, subcommands)
