/** What the subcommands that run shards have in common. */
import type * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as EventType from "@vesper/model/EventType"
import * as Either from "effect/Either"
import * as Shards from "../Shards.js"
import { orRather } from "./nearest.js"
import * as Common from "./options.js"

const findEvent = (word: string): Either.Either<EventType.EventType, string> => {
  const name = word.toUpperCase().replace(/[^A-Z0-9]+/g, "_")
  return EventType.isKnown(name)
    ? Either.right(name)
    : Either.left(
      `"${word}" is no event${orRather(word, EventType.all)} (all: vesper intents)`
    )
}

const events = Common.parsed(Options.text("events"), (names) => Either.all(Common.words(names).map(findEvent))).pipe(
  Options.withPseudoName("names"),
  Options.optional,
  Options.withDescription(
    "The only events to read, separated by commas, such as MESSAGE_CREATE,TYPING_START; others are skipped unparsed. " +
      "Without it, all that the intents let through."
  )
)

const shards = Common.parsed(Options.text("shards"), Shards.parse).pipe(
  Options.withPseudoName("auto|N|A-B/N"),
  Options.withDefault(Shards.All({ total: 1 })),
  Options.withDescription(
    "Which shards to run: auto takes as many as Discord recommends, 4 all of four, 0-15/64 the first 16 of 64, 3/64 one " +
      "of them. Without it, the only one. Discord wants one for every 2,500 guilds."
  )
)

const compression = Options.choice("compression", ["auto", "none", "zlib-stream", "zstd-stream"]).pipe(
  Options.withDefault("auto"),
  Options.withDescription(
    "How the gateway compresses what it sends; auto is what costs this Node the least. Default: auto."
  )
)

const resumeFile = Options.text("resume-file").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription(
    "Where sessions are kept, so that the next run resumes them and misses no event. The file is made if there is none. Without it, they end with " +
      "the process."
  )
)

const reshardEvery = Common.time("auto-reshard").pipe(
  Options.optional,
  Options.withDescription(
    "Looks so often, such as 1h, whether shards are nearly full or Discord recommends many more, and replaces them by as " +
      "many as it recommends: without a gap, but lost events cannot be counted then. Without it, they stay as they are."
  )
)

export const options = {
  apiUrl: Common.apiUrl,
  autoReshard: reshardEvery,
  compression,
  duration: Common.duration,
  events,
  gatewayUrl: Common.gatewayUrl,
  http: Common.http,
  intents: Common.intents,
  json: Common.json,
  maxConcurrency: Common.maxConcurrency,
  resumeFile,
  shards
}

export type Parsed = Command.Command.ParseConfig<typeof options>
