/** `vesper doctor`: measures, and judges the measurements. */
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Intents from "@vesper/model/Intents"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { lookup } from "node:dns/promises"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { Token } from "../config/index.js"
import { ExitCode, noteExitCode } from "../exit/index.js"
import { writeLine } from "../tui/index.js"
import * as Doctor from "./judgements.js"

/** The limit of each measurement. */
const timeLimit = Duration.seconds(5)

const withinLimit = <A>(effect: Effect.Effect<A, string>): Effect.Effect<Either.Either<A, string>> =>
  Effect.either(
    // The system's resolver cannot be interrupted, and is not waited for.
    Effect.timeoutFail(Effect.disconnect(effect), {
      duration: timeLimit,
      onTimeout: () => `no answer within ${Duration.format(timeLimit)}`
    })
  )

/** The message of the network's error, without the error of fetch around it. */
const networkMessage = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}

const Application = Schema.Struct({ flags: Schema.optionalWith(Schema.Int, { default: () => 0 }) })

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Sends a request once, because a retry would hide a problem. */
const request = (url: string, token: string): Effect.Effect<Either.Either<Answer, string>> =>
  withinLimit(Effect.tryPromise({
    try: async (signal) => {
      const authorization = `Bot ${Token.bare(token)}`
      // A redirect could send the token to another host.
      const response = await fetch(url, { signal, redirect: "manual", headers: { authorization } })
      const body: unknown = await response.json().catch(() => undefined)
      return { status: response.status, body }
    },
    // The cause of a failed fetch holds the request's address, and not its headers.
    catch: networkMessage
  }))

/** Judges the answer of the API. */
const judge = (check: string, answer: Either.Either<Answer, string>): Doctor.Finding | undefined => {
  if (Either.isLeft(answer)) {
    return Doctor.problem(check, answer.left, "check the network, the proxy and --api-url")
  }
  const { status } = answer.right
  if (status === 401) {
    const todo = "copy it again from the Bot page of your application; a reset invalidates the old one"
    return Doctor.problem(check, "Discord rejects the token", todo)
  }
  const todo = status === 429 || status >= 500 ? "try again in some minutes" : "check --api-url: it ends with /api/v10"
  return status === 200 ? undefined : Doctor.problem(check, `the API answers with status ${status}`, todo)
}

const checkApi = (apiUrl: string, token: string) =>
  Effect.gen(function*() {
    const answer = yield* request(`${apiUrl}/gateway/bot`, token)
    const problem = judge("API and token", answer)
    const decoded = Either.filterOrLeft(
      Either.flatMap(answer, ({ body }) => Schema.decodeUnknownEither(GatewaySchema.GatewayBot)(body)),
      ({ url }) => Doctor.isGatewayUrl(url),
      () => "the URL is not one of a websocket"
    )
    if (problem !== undefined || Either.isLeft(decoded)) {
      const [found, todo] = ["the answer of GET /gateway/bot is not valid", "check --api-url: it ends with /api/v10"]
      return {
        findings: [
          problem ?? Doctor.problem("API and token", found, todo),
          Doctor.skipped("session budget", "the API did not answer")
        ],
        gatewayUrl: Option.none<string>()
      }
    }
    const { sessionStartLimit: limit, shards, url } = decoded.right
    return {
      findings: [
        Doctor.ok("API and token", "Discord accepts the token"),
        Doctor.budget({ ...limit, resetAfter: Duration.toMillis(limit.resetAfter), shards })
      ],
      gatewayUrl: Option.some(url)
    }
  })

const checkIntents = (apiUrl: string, token: string, wanted: Intents.Intents) =>
  Effect.map(request(`${apiUrl}/applications/@me`, token), (answer) => {
    const decoded = Either.flatMap(answer, ({ body }) => Schema.decodeUnknownEither(Application)(body))
    return judge("intents", answer) !== undefined || Either.isLeft(decoded)
      ? Doctor.skipped("intents", "the API did not answer")
      : Doctor.intents(wanted, decoded.right.flags)
  })

const checkDns = (host: string) =>
  Effect.map(
    withinLimit(Effect.tryPromise({ try: () => lookup(host), catch: networkMessage })),
    Either.match({
      onLeft: (reason) => Doctor.unresolved(host, reason),
      onRight: ({ address }) => Doctor.ok("DNS", `${host} is ${address}`)
    })
  )

interface Connected {
  readonly millis: number
  readonly protocol: string | undefined
}

/** Opens a connection and closes it. Opening takes one round trip. */
const connect = (url: URL): Effect.Effect<Either.Either<Connected, string>> =>
  withinLimit(Effect.async<Connected, string>((resume) => {
    const isSecure = url.protocol === "wss:"
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port)
    const host = url.hostname.replace(/^\[|\]$/g, "")
    const startedAt = performance.now()
    let millis = 0
    const socket = Net.connect({ host, port }, () => {
      millis = performance.now() - startedAt
      if (!isSecure) {
        resume(Effect.succeed({ millis, protocol: undefined }))
      }
    })
    const secured = isSecure
      ? Tls.connect(
        // The server name is sent for a name, and must not be sent for an address.
        { socket, ...(Net.isIP(host) === 0 && { servername: host }) },
        () => resume(Effect.succeed({ millis, protocol: secured?.getProtocol() ?? undefined }))
      )
      : undefined
    socket.on("error", (cause) => resume(Effect.fail(networkMessage(cause))))
    secured?.on("error", (cause) => resume(Effect.fail(networkMessage(cause))))
    return Effect.sync(() => socket.destroy())
  }))

const checkConnection = (url: URL) =>
  Effect.map(connect(url), (connected): ReadonlyArray<Doctor.Finding> =>
    Either.match(connected, {
      onLeft: (
        reason
      ) => [Doctor.unreachable(url.host, reason), Doctor.skipped("round trip", "there is no connection")],
      onRight: ({ millis, protocol }) => [
        Doctor.encryption(url, protocol),
        Doctor.roundTrip(millis)
      ]
    }))

const examine = (options: {
  readonly apiUrl: string
  readonly gatewayUrl: Option.Option<string>
  readonly intents: Intents.Intents
  readonly token: string | undefined
}) =>
  Effect.gen(function*() {
    const { token } = options
    const form = Doctor.tokenForm(token)
    const answers = token === undefined || form.level === "problem"
      ? undefined
      : yield* Effect.all([checkApi(options.apiUrl, token), checkIntents(options.apiUrl, token, options.intents)], {
        concurrency: 2
      })
    const [api, intents] = answers ?? [
      {
        findings: [
          Doctor.skipped("API and token", "there is no token"),
          Doctor.skipped("session budget", "there is no token")
        ],
        gatewayUrl: Option.none<string>()
      },
      Doctor.skipped("intents", "there is no token")
    ]
    const gatewayUrl = new URL(Option.getOrElse(
      Option.orElse(options.gatewayUrl, () => api.gatewayUrl),
      () => ShardConfig.defaultGatewayUrl
    ))
    const dns = yield* checkDns(gatewayUrl.hostname.replace(/^\[|\]$/g, ""))
    const connection = dns.level === "ok"
      ? yield* checkConnection(gatewayUrl)
      : [Doctor.skipped("TLS", "the name was not resolved"), Doctor.skipped("round trip", "the name was not resolved")]
    return [
      Doctor.node(process.version),
      Doctor.compression(process.version),
      form,
      ...api.findings,
      intents,
      dns,
      ...connection
    ]
  })

export const run = (options: {
  readonly apiUrl: Option.Option<string>
  readonly gatewayUrl: Option.Option<string>
  readonly intents: Intents.Intents
  readonly json: boolean
}) =>
  Effect.gen(function*() {
    const token = yield* Effect.option(ShardConfig.tokenConfig)
    const findings = yield* examine({
      apiUrl: Option.getOrElse(options.apiUrl, () => GatewayApi.defaultBaseUrl).replace(/\/$/, ""),
      gatewayUrl: options.gatewayUrl,
      intents: options.intents,
      token: Option.getOrUndefined(Option.map(token, Redacted.value))
    })
    yield* writeLine(options.json ? JSON.stringify(findings, null, 2) : findings.map(Doctor.text).join("\n"))
    if (Doctor.hasProblem(findings)) {
      yield* noteExitCode(ExitCode.found)
    }
  })
