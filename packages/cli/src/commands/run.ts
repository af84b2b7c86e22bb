/** `vesper run`, `vesper record` and `vesper demo`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as EventType from "@vesper/model/EventType"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { didYouMean, ShardSelection } from "../config/index.js"
import * as Common from "./options.js"

const findEvent = (word: string): Either.Either<EventType.EventType, string> => {
  const name = word.toUpperCase().replace(/[^A-Z0-9]+/g, "_")
  return EventType.isKnown(name)
    ? Either.right(name)
    : Either.left(`"${word}" is not an event${didYouMean(word, EventType.all)} (all: vesper intents)`)
}

const reshardEvery = Common.optional(
  Common.time("auto-reshard"),
  "Checks at this interval, such as 1h, whether shards are nearly full or Discord recommends many more, and reshards to " +
    "its recommendation: without a gap, but lost events are not counted. Without it, the number of shards is kept."
)

const runOptions = {
  apiUrl: Common.apiUrl,
  autoReshard: reshardEvery,
  compression: Common.withDefault(
    Options.choice("compression", ["auto", "none", "zlib-stream", "zstd-stream"]),
    "auto",
    "How the gateway compresses its messages; auto is the cheapest for this version of Node."
  ),
  duration: Common.duration,
  events: Common.optional(
    Common.parsed(Common.text("events", "names"), (names) => Either.all(Common.words(names).map(findEvent))),
    "The only events to read, separated by commas, such as MESSAGE_CREATE,TYPING_START; others are skipped unparsed. " +
      "Without it, all events of the intents."
  ),
  gatewayUrl: Common.gatewayUrl,
  http: Common.http,
  intents: Common.intents,
  json: Common.json,
  maxConcurrency: Common.maxConcurrency,
  resumeFile: Common.optional(
    Common.text("resume-file", "file"),
    "A file for sessions, so that the next run resumes them and misses no event. It is created if it does not exist. " +
      "Without it, sessions end with the process."
  ),
  shards: Common.parsed(Common.text("shards", "auto|N|A-B/N"), ShardSelection.parse).pipe(
    Options.withDefault(ShardSelection.All({ total: 1 })),
    Options.withDescription(
      "Which shards to run: auto runs the recommended number, 4 all of four, 0-15/64 the first 16 of 64, 3/64 one " +
        `of them; at most ${ShardSelection.maxPerProcess} in a process. Without it, the only one. Discord requires one for ` +
        "every 2,500 guilds."
    )
  )
}

export interface RunOptions extends Command.Command.ParseConfig<typeof runOptions> {}

const shardsRoom = Effect.promise(() => import("../shards/index.js"))

export const run = Command.make(
  "run",
  {
    ...runOptions,
    cluster: Common.flag(
      "cluster",
      "Runs as a cluster of one, which keeps sessions and the identify budget in --database over restarts and crashes. " +
        "Without a terminal it prints which shards it runs, and events with --json."
    ),
    database: Common.database
  },
  ({ cluster, ...options }) =>
    cluster
      ? Effect.flatMap(Effect.promise(() => import("../cluster/index.js")), ({ runAlone }) => runAlone(options))
      : Effect.flatMap(shardsRoom, ({ run }) => run(options))
).pipe(
  Command.withDescription(
    "Runs shards on Discord's gateway, with a live view on a terminal and plain lines elsewhere. The bot's token is read " +
      `from DISCORD_TOKEN. ${Common.keys}`
  )
)

export const record = Command.make(
  "record",
  {
    ...runOptions,
    out: Args.text({ name: "file" }).pipe(
      Args.withDescription("The file to write, such as traffic.ndjson.gz. It must not exist.")
    ),
    redactContents: Common.flag(
      "redact-contents",
      "Removes messages and names of users: all text except ids, times and names of kinds."
    )
  },
  (options) => Effect.flatMap(shardsRoom, ({ record }) => record(options))
).pipe(
  Command.withDescription(
    "Runs shards as vesper run does, and writes the events that they receive to a file: compressed, one event a line. It " +
      "contains no token, of the bot or of an interaction."
  )
)

export const demo = Command.make(
  "demo",
  { duration: Common.duration, http: Common.http, json: Common.json },
  (options) => Effect.flatMap(Effect.promise(() => import("../demo/index.js")), ({ demo }) => demo(options))
).pipe(
  Command.withDescription(
    "Runs four shards on a simulated gateway over real websockets with compression, with a dropped connection, a " +
      "reconnect request and an invalid session. Needs no token and no network."
  )
)
