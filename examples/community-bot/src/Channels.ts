/** The channels of all guilds, whose topics switch the features on. */
import { Rest, type RestError } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Context, Effect, Layer } from "effect"

/** The fields of a channel or thread that the features read. */
export interface Channel {
  readonly id: string
  readonly type: number
  readonly topic?: string | null | undefined
  readonly parent_id?: string | null | undefined
}

export interface Channels {
  /** The channel; Discord is asked for one that was not seen yet. */
  readonly get: (id: string) => Effect.Effect<Channel, RestError.RestError>
  /** Returns true if the topic of the channel, or of that of the thread, has the keyword. */
  readonly hasKeyword: (id: string, keyword: string) => Effect.Effect<boolean, RestError.RestError>
}

export const Channels = Context.GenericTag<Channels>("community-bot/Channels")

const threadTypes = [10, 11, 12]

const pick = ({ id, parent_id, topic, type }: Channel): Channel => ({ id, type, topic, parent_id })

const make = Effect.gen(function*() {
  const rest = yield* Rest.Rest
  const channels = new Map<string, Channel>()
  const guilds = new Map<string, ReadonlyArray<string>>()

  const put = (channel: Channel) => Effect.sync(() => channels.set(channel.id, pick(channel)))
  const remove = ({ id }: { readonly id: string }) => Effect.sync(() => channels.delete(id))

  const handlers = Events.handlers({
    GUILD_CREATE: ({ d }) =>
      Effect.sync(() => {
        if ("channels" in d) {
          guilds.set(d.id, d.channels.map(({ id }) => id))
          d.channels.forEach((channel) => channels.set(channel.id, pick(channel)))
        }
      }),
    GUILD_DELETE: ({ d }) =>
      Effect.sync(() => {
        guilds.get(d.id)?.forEach((id) => channels.delete(id))
        guilds.delete(d.id)
      }),
    CHANNEL_CREATE: ({ d }) => put(d),
    CHANNEL_UPDATE: ({ d }) => put(d),
    CHANNEL_DELETE: ({ d }) => remove(d),
    THREAD_DELETE: ({ d }) => remove(d)
  })

  const get: Channels["get"] = (id) =>
    Effect.suspend((): ReturnType<Channels["get"]> => {
      const known = channels.get(id)
      return known === undefined ? Effect.tap(rest.channels.get(id), put) : Effect.succeed(known)
    })

  const service: Channels = {
    get,
    hasKeyword: (id, keyword) =>
      get(id).pipe(
        Effect.flatMap((channel) =>
          threadTypes.includes(channel.type) && channel.parent_id ? get(channel.parent_id) : Effect.succeed(channel)
        ),
        Effect.map(({ topic }) => topic?.includes(keyword) ?? false)
      )
  }
  return { handlers, service }
})

export const layer = Layer.unwrapEffect(
  Effect.map(make, ({ handlers, service }) => Layer.merge(Layer.succeed(Channels, service), Events.layer(handlers)))
)
