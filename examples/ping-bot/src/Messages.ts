/**
 * Sends messages to a channel, the only request of this bot to Discord's HTTP API. Vesper is a gateway client only, so that
 * this is the bot's own service, and the program that runs the bot provides it.
 */
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { GatewayApi, ShardConfig } from "@vesper/gateway"
import { type ConfigError, Console, Context, Effect, Layer, Option, Redacted, Schema } from "effect"

/** Discord did not take the message, or could not be reached. */
export class MessageNotSent extends Schema.TaggedError<MessageNotSent>()("MessageNotSent", {
  channelId: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the message to channel ${this.channelId} was not sent: ${this.reason}`
  }
}

export interface Messages {
  readonly send: (channelId: string, content: string) => Effect.Effect<void, MessageNotSent>
}

export const Messages = Context.GenericTag<Messages>("ping-bot/Messages")

/** The time until the next request that Discord accepts, if it names one. */
const retryAfter = ({ headers, status }: HttpClientResponse.HttpClientResponse): Option.Option<number> => {
  const seconds = Number(headers["retry-after"])
  return status === 429 && seconds >= 0 ? Option.some(seconds) : Option.none()
}

/**
 * `POST /channels/{channel.id}/messages`, which waits when Discord says so.
 *
 * @see https://docs.discord.com/developers/resources/message#create-message
 */
export const layerDiscord: Layer.Layer<Messages, ConfigError.ConfigError, HttpClient.HttpClient> = Layer.effect(
  Messages,
  Effect.gen(function*() {
    // With a scope, an unread response body does not block the connection.
    const client = HttpClient.withScope(yield* HttpClient.HttpClient)
    const token = Redacted.value(yield* ShardConfig.tokenConfig)

    const send = (channelId: string, content: string): Effect.Effect<void, MessageNotSent> => {
      const request = HttpClientRequest.post(`${GatewayApi.defaultBaseUrl}/channels/${channelId}/messages`).pipe(
        HttpClientRequest.setHeader("authorization", `Bot ${token}`),
        // A reply never mentions a user.
        HttpClientRequest.bodyUnsafeJson({ content, allowed_mentions: { parse: [] } })
      )
      return client.execute(request).pipe(
        Effect.scoped,
        // The client's own error holds the request, and with it the token: only its reason is taken.
        Effect.mapError(({ reason }) => new MessageNotSent({ channelId, reason })),
        Effect.flatMap((response) =>
          Option.match(retryAfter(response), {
            onSome: (seconds) => Effect.delay(send(channelId, content), `${seconds} seconds`),
            onNone: () =>
              response.status < 300
                ? Effect.void
                : Effect.fail(new MessageNotSent({ channelId, reason: `status ${response.status}` }))
          })
        )
      )
    }

    return { send }
  })
)

/** Prints messages on the simulated gateway instead of sending them. */
export const layerConsole: Layer.Layer<Messages> = Layer.succeed(Messages, {
  send: (channelId, content) => Console.log(`#${channelId}  bot: ${content}`)
})
