/** A client of the simulated HTTP API, and a session that receives its events. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpMethod from "@effect/platform/HttpMethod"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as GatewaySimulator from "../src/GatewaySimulator.js"
import * as Bot from "../src/internal/world/bot.js"
import * as World from "../src/World.js"

export const world = World.make({ guilds: 2, membersPerGuild: 3 })

/** The ids of the first guild of the world, as requests name them. */
export const place = {
  bot: Bot.id,
  guild: world.guilds[0]?.id ?? "",
  channel: world.guilds[0]?.channels[0]?.id ?? "",
  otherChannel: world.guilds[0]?.channels[1]?.id ?? "",
  member: world.guilds[0]?.members[0]?.user.id ?? "",
  role: world.guilds[0]?.roles[1]?.id ?? ""
}

export const layer = (options: GatewaySimulator.Options = {}) =>
  GatewaySimulator.layerHttpClient.pipe(
    Layer.provideMerge(GatewaySimulator.layerInMemory({ token: Redacted.make("token"), world, ...options }))
  )

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
  /** The part of the body at a path, as in `errors.content`. */
  readonly at: (path: string) => unknown
}

/** Sends a request, `POST /channels/5/messages`, with the token of the bot. */
export const request = (
  line: string,
  body?: unknown,
  authorization: string | undefined = "Bot token"
): Effect.Effect<Answer, unknown, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const [method = "GET", path = ""] = line.split(" ")
    const client = yield* HttpClient.HttpClient
    const plain = HttpClientRequest.make(method as HttpMethod.HttpMethod)(`https://discord.com/api/v10${path}`, {
      headers: authorization === "" ? {} : { authorization }
    })
    const response = yield* client.execute(
      body === undefined
        ? plain
        : body instanceof FormData
        ? HttpClientRequest.bodyFormData(plain, body)
        : typeof body === "string"
        ? HttpClientRequest.bodyText(plain, body, "application/json")
        : HttpClientRequest.bodyUnsafeJson(plain, body)
    )
    const text = yield* response.text
    const json: unknown = text === "" ? undefined : JSON.parse(text)
    return {
      status: response.status,
      headers: response.headers,
      body: json,
      at: (path) => path.split(".").reduce<unknown>((value, key) => Object(value)[key], json)
    }
  })
