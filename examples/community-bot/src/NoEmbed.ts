/** Removes the embeds of links to known sites in channels with `[noembed]` in their topics, and in their threads. */
import { Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Config, Effect, Layer } from "effect"
import { getTopic } from "./Topics.js"

export const keyword = "[noembed]"

const suppressEmbeds = 1 << 2

export interface Sites {
  readonly hidden: ReadonlyArray<string>
  readonly shown: ReadonlyArray<string>
}

/** The fields of a new or an edited message that the feature reads. */
interface Message {
  readonly id: string
  readonly channel_id: string
  readonly guild_id?: string
  readonly content?: string
  readonly flags?: number
  readonly embeds?: ReadonlyArray<{ readonly url?: string; readonly type?: string }>
}

/** Returns true if the first embed was made from a link of the text to a hidden site. */
export const isHidden = ({ content = "", embeds = [] }: Message, { hidden, shown }: Sites): boolean => {
  const [{ type, url } = {}] = embeds
  return url !== undefined && type !== "gifv" && content.includes(url) &&
    hidden.some((site) => url.includes(site)) && !shown.some((site) => url.includes(site))
}

const suppress = (message: Message, sites: Sites) =>
  Effect.gen(function*() {
    const { channel_id, flags = 0, guild_id, id } = message
    if (guild_id === undefined || (flags & suppressEmbeds) !== 0 || !isHidden(message, sites)) {
      return
    }
    if ((yield* getTopic(guild_id, channel_id)).includes(keyword)) {
      const rest = yield* Rest.Rest
      yield* rest.channels.editMessage(channel_id, id, { flags: flags | suppressEmbeds })
    }
  })

const intents = { intents: ["MessageContent"] as const }

const sitesConfig = (name: string, fallback: ReadonlyArray<string>) =>
  Config.withDefault(Config.array(Config.string(), name), fallback)

export const layer = Layer.unwrapEffect(Effect.gen(function*() {
  const sites = {
    hidden: yield* sitesConfig("NOEMBED_HIDDEN", ["effect.website"]),
    shown: yield* sitesConfig("NOEMBED_SHOWN", ["effect.website/play"])
  }
  // Discord makes embeds after the message, and sends them with MESSAGE_UPDATE.
  return Events.layer(
    Events.merge(
      Events.on("MESSAGE_CREATE", ({ d }) => suppress(d, sites), intents),
      Events.on("MESSAGE_UPDATE", ({ d }) => suppress(d, sites), intents)
    ),
    { concurrency: 8 }
  )
}))
