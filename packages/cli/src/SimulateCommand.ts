/**
 * `vesper simulate`: a simulated gateway for any bot in any language, with trouble on request.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Common from "./internal/options.js"
import * as Server from "./internal/serverOptions.js"
import * as ScenarioFile from "./ScenarioFile.js"

const guilds = Common.integer("guilds", 0, 100_000).pipe(
  Options.withDefault(8),
  Options.withDescription("How many made-up guilds the bot is in. Default: 8.")
)

const rate = Common.decimal("rate", 0, 100_000).pipe(
  Options.withDefault(10),
  Options.withDescription("Made-up events a second over all guilds; 0 is silence. Default: 10.")
)

const heartbeatInterval = Common.time("heartbeat-interval").pipe(
  Options.optional,
  Options.withDescription("How often clients are told to beat. Without it 41.25s, as Discord does.")
)

const faults = Options.text("fault").pipe(
  Options.withPseudoName("name:when,setting=value"),
  Options.withDescription(
    "Something that goes wrong; can be given many times. drop:30s once after 30 s, drop:every=30s again and again, " +
      "close:1m,code=4009,shard=0 with settings, refuse-connections:times=3,status=503 for the next connections. " +
      `Names: ${ScenarioFile.faultNames.join(", ")}.`
  ),
  Options.repeated,
  (option) => Common.parsed(option, (flags) => Either.all(flags.map(ScenarioFile.parseFlag)))
)

const says = Options.text("say").pipe(
  Options.withPseudoName("text"),
  Options.withDescription(
    "Somebody says this in a channel, every 3 seconds; can be given many times, and is said in turn then. Without it, " +
      "nobody says anything but made-up things."
  ),
  Options.repeated
)

const scenario = Options.text("scenario").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription(
    "A file of JSON with what goes wrong and which events are sent: {\"steps\": [{\"at\": \"10s\", \"fault\": " +
      "\"drop\", \"shard\": 0}, {\"every\": \"5s\", \"send\": {\"t\": \"MESSAGE_CREATE\", \"d\": {\"content\": \"hi\"}}}]}. " +
      "Without it, what --fault and --rate say."
  )
)

/**
 * @since 0.1.0
 * @category commands
 */
export const simulateCommand = Command.make(
  "simulate",
  { ...Server.options, faults, guilds, heartbeatInterval, rate, says, scenario },
  (options) => Effect.flatMap(Effect.promise(() => import("./internal/simulate.js")), ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Runs a simulated Discord gateway that bots in any language can connect to, as strict as Discord's own: " +
      "it answers GET /gateway/bot, sends made-up events, lets things go wrong on request, and tells what Discord " +
      `would have punished. ${Common.keys}`
  )
)
