/** `vesper simulate` and `vesper replay`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Scenario from "../scenario/index.js"
import * as Common from "./options.js"

const serverOptions = {
  duration: Common.duration,
  host: Common.withDefault(
    Common.text("host", "address"),
    "127.0.0.1",
    "The address to listen on. Other machines can reach it unless it is a loopback address."
  ),
  http: Common.http,
  json: Common.json,
  maxConcurrency: Common.withDefault(
    Common.integer("max-concurrency", 1, 10_000),
    1,
    "How many shards may identify at a time, as GET /gateway/bot says."
  ),
  port: Common.withDefault(Common.port("port"), 8080, "The port to listen on; 0 takes any that is free."),
  publicUrl: Common.optional(
    Common.websocketUrl("public-url"),
    "The URL that bots receive to connect and to resume, such as wss://gateway.example/ of a proxy, or " +
      "ws://simulator:8080/ of a container. Without it, ws://host:port/."
  ),
  strict: Common.flag("strict", "Ends with exit code 3 if a client violated Discord's rules; for tests."),
  strictInvalidSession: Common.flag(
    "strict-invalid-session",
    "Closes a connection with 4005 that identifies or resumes after opcode 9, as Discord documents and does not enforce."
  ),
  token: Common.optional(
    Options.redacted("token").pipe(Options.withPseudoName("token")),
    "The only token that is accepted. Without it, any that is not empty."
  ),
  verbose: Common.flag("verbose", "Prints plain lines for events and heartbeats too.")
}

/** Options of the commands that serve a simulated gateway. */
export interface ServerOptions extends Command.Command.ParseConfig<typeof serverOptions> {}

const simulatorRoom = Effect.promise(() => import("../simulator/index.js"))

const simulateOptions = {
  ...serverOptions,
  faults: Common.parsed(
    Common.repeated(
      "fault",
      "name:when,setting=value",
      "A fault; can be given many times. drop:30s once after 30 s, drop:every=30s repeatedly, close:1m,code=4009,shard=0 " +
        "with settings, refuse-connections:times=3,status=503 for the next connections. " +
        `Names: ${Scenario.faultNames.join(", ")}.`
    ),
    (flags) => Either.all(flags.map(Scenario.parseFlag))
  ),
  guilds: Common.withDefault(Common.integer("guilds", 0, 100_000), 8, "How many made-up guilds the bot is in."),
  heartbeatInterval: Common.optional(
    Common.time("heartbeat-interval"),
    "The heartbeat interval for clients. Without it 41.25s, as Discord's."
  ),
  interactions: Common.repeated(
    "interact",
    "command",
    "A slash command that a member uses every 3 seconds, such as \"ping\" or \"config set name=Ada\"; can be given many " +
      "times, for commands in turn. Without it, no command is used."
  ),
  rate: Common.withDefault(
    Common.decimal("rate", 0, 100_000),
    10,
    "Made-up events a second over all guilds; 0 for none."
  ),
  says: Common.repeated(
    "say",
    "text",
    "A message that a member sends in a channel every 3 seconds; can be given many times, for messages in turn. Without " +
      "it, only made-up messages are sent."
  ),
  scenario: Common.optional(
    Common.text("scenario", "file"),
    "A file of JSON with faults and events: {\"steps\": [{\"at\": \"10s\", \"fault\": \"drop\", \"shard\": 0}, " +
      "{\"every\": \"5s\", \"send\": {\"t\": \"MESSAGE_CREATE\", \"d\": {\"content\": \"hi\"}}}]}. Without it, those of " +
      "--fault and --rate."
  )
}

export interface SimulateOptions extends Command.Command.ParseConfig<typeof simulateOptions> {}

export const simulate = Command.make(
  "simulate",
  simulateOptions,
  (options) => Effect.flatMap(simulatorRoom, ({ simulate }) => simulate(options))
).pipe(
  Command.withDescription(
    "Runs a simulated Discord gateway for bots in any language, as strict as Discord's: it answers GET /gateway/bot, sends " +
      `made-up events, injects faults, and reports violations of Discord's rules. ${Common.keys}`
  )
)

const parseSpeed = (text: string): Either.Either<number, string> => {
  const [, amount] = /^(\d+(?:\.\d+)?)x?$/.exec(text.trim()) ?? []
  return text.trim() === "max"
    ? Either.right(Infinity)
    : amount === undefined || Number(amount) === 0
    ? Either.left(`"${text}" is not a speed: give 1x, 10x, 0.5x or max`)
    : Either.right(Number(amount))
}

const replayOptions = {
  ...serverOptions,
  file: Args.text({ name: "file" }).pipe(Args.withDescription("A file that vesper record has written.")),
  shards: Common.withDefault(Common.shardTotal("shards"), 1, "How many shards must be connected before it starts."),
  speed: Common.withDefault(
    Common.parsed(Common.text("speed", "1x|10x|max"), parseSpeed),
    1,
    "The speed: 1x as recorded, 10x ten times as fast, max without waiting.",
    "1x"
  )
}

export interface ReplayOptions extends Command.Command.ParseConfig<typeof replayOptions> {}

export const replay = Command.make(
  "replay",
  replayOptions,
  (options) => Effect.flatMap(simulatorRoom, ({ replay }) => replay(options))
).pipe(
  Command.withDescription(
    "Serves a simulated gateway that sends the events of a recording to any bot that connects. It starts when the first " +
      `shard is connected, and ends with the recording. ${Common.keys}`
  )
)
