/** Answers requests: faults, authorization, rate limits, then the route. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as LogEntry from "../../LogEntry.js"
import type * as RestFault from "../../RestFault.js"
import { Bot } from "../world/index.js"
import type * as Api from "./api.js"
import * as Channels from "./channels.js"
import * as Commands from "./commands.js"
import * as Guilds from "./guilds.js"
import * as Interactions from "./interactions.js"
import * as Limits from "./limits.js"
import * as Messages from "./messages.js"
import * as Permissions from "./permissions.js"
import * as Webhooks from "./webhooks.js"

export interface Handler {
  /** Answers a request; fails without a value if a fault drops the connection. */
  readonly handle: (request: Api.Request) => Effect.Effect<Api.Response, void>
  readonly inject: (fault: RestFault.RestFault) => void
  readonly clearFaults: () => void
  readonly usage: Limits.Usage
  /** The commands that a user of a guild sees. */
  readonly commands: Commands.RegisteredCommands["visible"]
}

interface Match {
  readonly route: Api.Route
  readonly params: Readonly<Record<string, string>>
}

const defaultLimit: Api.Limit = { count: 10, window: 5_000 }

const segments = (path: string): ReadonlyArray<string> => path.split("/").filter((segment) => segment !== "")

const compile = (route: Api.Route) => {
  const pattern = segments(route.path)
  return (path: ReadonlyArray<string>): Match | undefined => {
    const isMatch = path.length === pattern.length &&
      pattern.every((segment, index) => segment.startsWith(":") || segment === path[index])
    return isMatch
      ? {
        route,
        params: Object.fromEntries(
          pattern.flatMap((segment, index) => segment.startsWith(":") ? [[segment.slice(1), path[index] ?? ""]] : [])
        )
      }
      : undefined
  }
}

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The channel, guild or webhook of a request, whose limits are its own. */
const getMajorParameter = ({ channel, guild, id, token = "" }: Match["params"]): string =>
  channel ?? guild ?? (id === undefined ? "" : `${id} ${token}`)

const gatewayRoutes = (gateway: Api.Context): ReadonlyArray<Api.Route> => {
  const application = Effect.sync(() => Bot.application(gateway.settings.allowedIntents))
  return [
    { method: "GET", path: "/gateway", handle: () => Effect.sync(() => ({ url: gateway.urls.gateway })), isOpen: true },
    { method: "GET", path: "/gateway/bot", handle: () => Effect.sync(gateway.gatewayBot) },
    { method: "GET", path: "/users/@me", handle: () => Effect.succeed(Bot.currentUser) },
    { method: "GET", path: "/applications/@me", handle: () => application },
    { method: "GET", path: "/oauth2/applications/@me", handle: () => application }
  ]
}

const toResponse = (error: Api.ApiError): Api.Response => ({
  status: error.status,
  headers: {},
  body: {
    message: error.message,
    code: error.code,
    ...(error.errors !== undefined && { errors: error.errors })
  }
})

/** Codes of requests that a well-behaved bot does not send. */
const punished: ReadonlyMap<unknown, string> = new Map([
  [50035, "InvalidForm"],
  [50109, "InvalidForm"],
  [50006, "InvalidForm"],
  [40060, "AnsweredTwice"],
  [10062, "UnknownInteraction"],
  [50027, "ExpiredToken"],
  [30034, "CommandCreates"]
])

export const make = (gateway: Api.Context): Handler => {
  const answers = Interactions.make(gateway)
  const commands = Commands.make(gateway)
  const limits = Limits.make(gateway.now, gateway.date, gateway.settings.globalRequestsPerSecond)
  const matchers = [
    ...gatewayRoutes(gateway),
    ...Messages.routes(gateway),
    ...Channels.routes(gateway),
    ...Guilds.routes(gateway),
    ...answers.routes,
    ...Webhooks.routes(gateway, answers),
    ...commands.routes
  ].map((route) => ({ route, match: compile(route) }))
  let faults: Array<{ readonly fault: RestFault.RequestRule; left: number }> = []

  const common = () => ({ at: gateway.now(), connection: 0, shard: undefined })

  const recordViolation = (rule: string, detail: string) =>
    gateway.record(LogEntry.Violation({ ...common(), rule, detail }))

  const takeFault = (name: string): RestFault.RequestRule | undefined => {
    const found = faults.find(({ fault, left }) => left > 0 && (fault.route === undefined || fault.route === name))
    if (found !== undefined) {
      found.left--
      faults = faults.filter(({ left }) => left > 0)
    }
    return found?.fault
  }

  const find = (method: string, path: ReadonlyArray<string>): Match | "method" | undefined => {
    const found = matchers.flatMap(({ match }) => match(path) ?? [])
    // A literal segment, as in `messages/bulk-delete`, precedes a parameter.
    const exact = found.filter(({ route }) => route.method === method)
      .sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length)[0]
    return exact ?? (found.length > 0 ? "method" : undefined)
  }

  /** The response of a route. */
  const run = ({ params, route }: Match, query: URLSearchParams, { files, json }: Api.Content) => {
    const call = { params, query, json, body: Predicate.isRecord(json) ? json : {}, files }
    return Permissions.check(gateway, `${route.method} ${route.path}`, call).pipe(
      Effect.zipRight(Effect.suspend(() => route.handle(call))),
      Effect.match({
        onFailure: toResponse,
        onSuccess: (body): Api.Response => ({
          status: body === undefined ? 204 : route.status ?? 200,
          headers: {},
          body
        })
      })
    )
  }

  const isAuthorized = (authorization = "") => authorization.startsWith("Bot ") && gateway.isToken(authorization)

  const plain = (status: number, message: string, code = 0): Api.Response => ({
    status,
    headers: {},
    body: { message, code }
  })

  const refuse = (
    { retryAfter, scope }: Extract<RestFault.RequestRule, { _tag: "RateLimit" }>,
    bucket: Limits.Bucket
  ) => limits.refuse(scope === "route" ? "user" : scope, Duration.toMillis(retryAfter), bucket)

  const respond = (
    request: Api.Request,
    match: Match,
    bucket: Limits.Bucket,
    query: URLSearchParams,
    fault: RestFault.RequestRule | undefined
  ): Effect.Effect<Api.Response> =>
    Effect.suspend(() => {
      const refused = limits.take(bucket)
      if (refused !== undefined) {
        recordViolation("RateLimit", `${bucket.route} exceeded the limit of ${refused.headers["x-ratelimit-scope"]}`)
        return Effect.succeed(refused)
      }
      if (fault?._tag === "RateLimit") {
        return Effect.succeed(refuse(fault, bucket))
      }
      if (fault?._tag === "ServerError") {
        return Effect.succeed({
          ...plain(fault.status, `${fault.status}: Server Error`),
          headers: limits.headers(bucket)
        })
      }
      if (request.content.isMalformed) {
        return Effect.succeed(plain(400, "The request body contains invalid JSON.", 50109))
      }
      return Effect.map(run(match, query, request.content), (response) => ({
        ...response,
        headers: limits.headers(bucket)
      }))
    })

  const answer = (request: Api.Request, path: ReadonlyArray<string>, query: URLSearchParams) =>
    Effect.gen(function*() {
      const match = find(request.method, path)
      if (match === undefined || match === "method") {
        const response = match === undefined ? plain(404, "404: Not Found") : plain(405, "405: Method Not Allowed")
        return { response, name: undefined, fault: undefined }
      }
      const { params, route } = match
      const name = `${route.method} ${route.path}`
      const fault = takeFault(name)
      if (fault?._tag === "DropConnection" && !fault.isHandled) {
        return yield* Effect.fail(undefined)
      }
      if (route.isOpen !== true && !isAuthorized(request.authorization)) {
        recordViolation("Unauthorized", `${name} without a valid token`)
        return { response: plain(401, "401: Unauthorized"), name, fault }
      }
      const bucket = {
        route: name,
        major: getMajorParameter(params),
        limit: route.limit ?? defaultLimit,
        // Interactions and webhooks with a token are not bound to the global limit of the bot.
        isGlobal: route.isOpen !== true
      }
      return { response: yield* respond(request, match, bucket, query, fault), name, fault }
    })

  /** A path without the tokens of interactions and webhooks. */
  const redacted = (path: ReadonlyArray<string>) =>
    `/${
      path.map((segment, index) =>
        index === 2 && (path[0] === "webhooks" || path[0] === "interactions") ? ":token" : segment
      ).join("/")
    }`

  return {
    handle: (request) =>
      Effect.gen(function*() {
        const [rawPath = "", search = ""] = request.url.split("?")
        const path = segments(rawPath.replace(/^\/api(\/v\d+)?(?=\/)/, "")).map(decode)
        const { fault, name, response } = yield* answer(request, path, new URLSearchParams(search))
        limits.countInvalid(response)
        gateway.record(LogEntry.Requested({
          ...common(),
          method: request.method,
          path: redacted(path),
          route: name ?? `${request.method} ${redacted(path)}`,
          body: request.content.json,
          files: request.content.files.map(({ name }) => name),
          status: response.status
        }))
        const code = Predicate.hasProperty(response.body, "code") ? response.body.code : undefined
        const rule = punished.get(code)
        if (rule !== undefined) {
          recordViolation(rule, `${name}: ${JSON.stringify(response.body)}`)
        }
        if (fault?._tag === "SlowResponse") {
          yield* Effect.sleep(fault.delay)
        }
        return fault?._tag === "DropConnection"
          ? yield* Effect.fail(undefined)
          : { ...response, headers: { date: new Date(gateway.date()).toUTCString(), ...response.headers } }
      }),
    inject: (fault) => {
      if (fault._tag === "SkewDate") {
        const millis = Duration.toMillis(fault.by)
        return gateway.skewDate(fault.direction === "behind" ? -millis : millis)
      }
      faults.push({ fault, left: fault.times })
    },
    clearFaults: () => {
      faults = []
    },
    usage: limits.usage,
    commands: commands.visible
  }
}
