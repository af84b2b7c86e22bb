/** `/docs query` shows an entry of Effect's documentation, with suggestions while the user types. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Command, Interaction, Interactions } from "@vesper/bot"
import { Cache, Config, Context, Effect, Exit, Layer, Option, Schedule, Schema } from "effect"

/** An entry of the index. */
export class Entry extends Schema.Class<Entry>("community-bot/Entry")({
  _tag: Schema.String,
  module: Schema.Struct({ name: Schema.String }),
  project: Schema.String,
  name: Schema.String,
  description: Schema.optional(Schema.String),
  signature: Schema.optional(Schema.String),
  examples: Schema.Array(Schema.String),
  since: Schema.String,
  sourceUrl: Schema.String
}) {
  get title(): string {
    return `${this.module.name.replace(/\.ts$/, "")}.${this.name}`
  }

  get key(): string {
    return `${this.project}/${this.title}/${this._tag}`
  }
}

export interface Docs {
  readonly find: (key: string) => Effect.Effect<Option.Option<Entry>, DocsUnavailable>
  readonly search: (query: string) => Effect.Effect<ReadonlyArray<Entry>, DocsUnavailable>
}

export const Docs = Context.GenericTag<Docs>("community-bot/Docs")

export class DocsUnavailable
  extends Schema.TaggedError<DocsUnavailable>()("DocsUnavailable", { reason: Schema.String })
{
  override get message(): string {
    return `the index of the documentation could not be loaded: ${this.reason}`
  }
}

const defaultUrl = "https://raw.githubusercontent.com/tim-smart/effect-io-ai/refs/heads/main/json/_all.json"
const maxSuggestions = 25
const maxName = 100
const maxDescription = 4_096
const minQuery = 3

/** A title that begins with the query is better than one that has it further on; of these the shorter one is better. */
const rank = (query: string) => ({ name, title }: Entry): number => {
  const at = Math.min(...[name, title].map((text) => text.toLowerCase().indexOf(query)).filter((index) => index >= 0))
  return at * 1_000 + title.length
}

const load = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const url = yield* Config.withDefault(Config.string("DOCS_URL"), defaultUrl)
  const response = yield* HttpClient.filterStatusOk(client).get(url)
  const entries = yield* HttpClientResponse.schemaBodyJson(Schema.Array(Entry))(response)
  return new Map(entries.map((entry) => [entry.key, entry]))
}).pipe(
  Effect.scoped,
  Effect.retry(Schedule.intersect(Schedule.spaced("3 seconds"), Schedule.recurs(3))),
  Effect.mapError((error) => new DocsUnavailable({ reason: error._tag }))
)

/** Keeps the index, which is loaded in the background, and again after three hours. */
export const layerDocs = Layer.scoped(
  Docs,
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const cache = yield* Cache.makeWith({
      capacity: 1,
      lookup: (_: "index") => Effect.provideService(load, HttpClient.HttpClient, client),
      timeToLive: Exit.match({ onFailure: () => "10 seconds", onSuccess: () => "3 hours" } as const)
    })
    const index = cache.get("index")
    yield* Effect.forkScoped(Effect.ignoreLogged(index))
    return {
      find: (key) => Effect.map(index, (entries) => Option.fromNullable(entries.get(key))),
      search: (query) =>
        Effect.map(index, (entries) => {
          const wanted = query.toLowerCase()
          return Array.from(entries.values())
            .map((entry) => ({ entry, rank: rank(wanted)(entry) }))
            .filter(({ rank }) => Number.isFinite(rank))
            .sort((a, b) => a.rank - b.rank)
            .map(({ entry }) => entry)
        })
    }
  })
)

const code = (text: string) => `\`\`\`ts\n${text}\n\`\`\``

const toEmbed = (entry: Entry) => ({
  author: { name: entry.project },
  title: entry.title,
  url: entry.sourceUrl,
  description: [entry.description ?? "", ...[entry.signature ?? [], entry.examples].flat().map(code)]
    .join("\n\n")
    .slice(0, maxDescription),
  footer: { text: `Added in v${entry.since}` }
})

const reject = (reason: string) => Effect.fail(new Interaction.Rejected({ reason }))

const suggest = ({ value }: Command.Query) =>
  value.length < minQuery ? Effect.succeed([]) : Effect.gen(function*() {
    const docs = yield* Docs
    const found = yield* docs.search(value)
    return found.slice(0, maxSuggestions).map(({ _tag, key, project, title }) => ({
      name: `${title} (${_tag}) (${project})`.slice(0, maxName),
      value: key.slice(0, maxName)
    }))
  })

export const docs = Command.slash("docs", {
  description: "Looks up the documentation of Effect",
  options: {
    query: Command.string("A module or function", { autocomplete: suggest }),
    public: Command.optional(Command.boolean("Show the entry to everyone"))
  },
  ephemeral: true
}, ({ options, reply }) =>
  Effect.gen(function*() {
    const docs = yield* Docs
    const entry = yield* Effect.flatten(docs.find(options.query))
    yield* reply({ embeds: [toEmbed(entry)], ephemeral: !Option.getOrElse(options.public, () => false) })
  }).pipe(Effect.catchTags({
    NoSuchElementException: () => reject("The documentation has no such entry: choose one of the list."),
    DocsUnavailable: () => reject("The documentation cannot be loaded. Try again in a minute.")
  })))

export const layer = Interactions.layer(docs)
