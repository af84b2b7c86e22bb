/** The part of Discord's HTTP API that clients request before they connect. */
import type * as Http from "node:http"
import type { Gateway } from "../protocol/index.js"
import { Bot } from "../world/index.js"

interface Response {
  readonly status: number
  readonly body: unknown
}

const authorized: ReadonlyMap<string, (gateway: Gateway.Gateway) => unknown> = new Map<
  string,
  (gateway: Gateway.Gateway) => unknown
>([
  ["/gateway/bot", (gateway) => gateway.gatewayBot()],
  ["/users/@me", () => Bot.currentUser],
  ["/applications/@me", ({ settings }) => Bot.application(settings.allowedIntents)],
  ["/oauth2/applications/@me", ({ settings }) => Bot.application(settings.allowedIntents)]
])

/** Returns the response to a GET of a path, with or without the API's prefix. */
const respond = (gateway: Gateway.Gateway, path: string, authorization: string): Response => {
  const name = path.replace(/^\/api(\/v\d+)?/, "")
  if (name === "/gateway") {
    return { status: 200, body: { url: gateway.urls.gateway } }
  }
  const resource = authorized.get(name)
  if (resource === undefined) {
    return { status: 404, body: { message: "404: Not Found", code: 0 } }
  }
  return authorization.startsWith("Bot ") && gateway.isToken(authorization)
    ? { status: 200, body: resource(gateway) }
    : { status: 401, body: { message: "401: Unauthorized", code: 0 } }
}

/** Handles the requests of a server. */
export const listener = (gateway: Gateway.Gateway): Http.RequestListener => (request, response) => {
  const [path = "/"] = (request.url ?? "/").split("?")
  const { body, status } = respond(gateway, path, request.headers.authorization ?? "")
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}
