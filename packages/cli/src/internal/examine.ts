/** What `vesper doctor` does: it asks, and hands the answers to who knows what they mean. */
import * as GatewayApi from "@vesper/gateway/GatewayApi"
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
import * as Doctor from "../Doctor.js"
import * as ExitCode from "../ExitCode.js"
import { writeLine } from "./output.js"

/** For each question: without a network the whole takes some of these at most. */
const patience = Duration.seconds(5)

const patiently = <A>(effect: Effect.Effect<A, string>): Effect.Effect<Either.Either<A, string>> =>
  Effect.either(
    // What cannot be interrupted, such as the system's resolver, is not waited for either.
    Effect.timeoutFail(Effect.disconnect(effect), {
      duration: patience,
      onTimeout: () => `no answer within ${Duration.format(patience)}`
    })
  )

/** The network's own words; what wraps them says less. */
const wordsOf = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}

const Application = Schema.Struct({ flags: Schema.optionalWith(Schema.Int, { default: () => 0 }) })

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Asks once: a doctor tells what is, rather than to try until it is well. */
const ask = (url: string, token: string): Effect.Effect<Either.Either<Answer, string>> =>
  patiently(Effect.tryPromise({
    try: async (signal) => {
      const authorization = `Bot ${token.replace(/^Bot\s+/i, "")}`
      // A redirect could lead the token anywhere.
      const response = await fetch(url, { signal, redirect: "manual", headers: { authorization } })
      const body: unknown = await response.json().catch(() => undefined)
      return { status: response.status, body }
    },
    // The cause of a failed fetch holds the request's address, and not its headers.
    catch: wordsOf
  }))

const skipped = (check: string, why: string): Doctor.Finding => ({ check, level: "skipped", found: why })

/** What a failed question says of the API and the token. */
const judge = (check: string, answer: Either.Either<Answer, string>): Doctor.Finding | undefined => {
  if (Either.isLeft(answer)) {
    return { check, level: "problem", found: answer.left, todo: "look at the network, the proxy and --api-url" }
  }
  const { status } = answer.right
  return status === 401
    ? {
      check,
      level: "problem",
      found: "Discord refuses the token",
      todo: "copy it again from the Bot page of your application; a reset makes the old one useless"
    }
    : status === 200
    ? undefined
    : {
      check,
      level: "problem",
      found: `the API answers with status ${status}`,
      todo: status === 429 || status >= 500 ? "try again in some minutes" : "look at --api-url: it ends with /api/v10"
    }
}

const checkApi = (apiUrl: string, token: string) =>
  Effect.gen(function*() {
    const answer = yield* ask(`${apiUrl}/gateway/bot`, token)
    const problem = judge("API and token", answer)
    const decoded = Either.flatMap(answer, ({ body }) => Schema.decodeUnknownEither(GatewayApi.GatewayBot)(body))
    if (problem !== undefined || Either.isLeft(decoded)) {
      const unread: Doctor.Finding = {
        check: "API and token",
        level: "problem",
        found: "GET /gateway/bot answers with something else",
        todo: "look at --api-url: it ends with /api/v10"
      }
      return {
        findings: [problem ?? unread, skipped("session budget", "the API did not tell")],
        gatewayUrl: Option.none<string>()
      }
    }
    const { sessionStartLimit: limit, shards, url } = decoded.right
    return {
      findings: [
        { check: "API and token", level: "ok", found: "Discord takes the token" } satisfies Doctor.Finding,
        Doctor.budget({ ...limit, resetAfter: Duration.toMillis(limit.resetAfter), shards })
      ],
      gatewayUrl: Option.some(url)
    }
  })

const checkIntents = (apiUrl: string, token: string, wanted: Intents.Intents) =>
  Effect.map(ask(`${apiUrl}/applications/@me`, token), (answer) => {
    const decoded = Either.flatMap(answer, ({ body }) => Schema.decodeUnknownEither(Application)(body))
    return judge("intents", answer) !== undefined || Either.isLeft(decoded)
      ? skipped("intents", "the API did not tell what the application may have")
      : Doctor.intents(wanted, decoded.right.flags)
  })

const checkDns = (host: string) =>
  Effect.map(
    patiently(Effect.tryPromise({ try: () => lookup(host), catch: wordsOf })),
    Either.match({
      onLeft: (reason) => Doctor.unresolved(host, reason),
      onRight: ({ address }): Doctor.Finding => ({ check: "DNS", level: "ok", found: `${host} is ${address}` })
    })
  )

interface Connected {
  readonly millis: number
  readonly protocol: string | undefined
}

/** Opens a connection and closes it. A connection is made in one round trip. */
const connect = (url: URL): Effect.Effect<Either.Either<Connected, string>> =>
  patiently(Effect.async<Connected, string>((resume) => {
    const isSecure = url.protocol === "wss:"
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port)
    const host = url.hostname.replace(/^\[|\]$/g, "")
    const began = performance.now()
    let millis = 0
    const socket = Net.connect({ host, port }, () => {
      millis = performance.now() - began
      if (!isSecure) {
        resume(Effect.succeed({ millis, protocol: undefined }))
      }
    })
    const secured = isSecure
      ? Tls.connect(
        // A name is told to the server, an address must not be.
        { socket, ...(Net.isIP(host) === 0 && { servername: host }) },
        () => resume(Effect.succeed({ millis, protocol: secured?.getProtocol() ?? undefined }))
      )
      : undefined
    socket.on("error", (cause) => resume(Effect.fail(wordsOf(cause))))
    secured?.on("error", (cause) => resume(Effect.fail(wordsOf(cause))))
    return Effect.sync(() => socket.destroy())
  }))

const checkConnection = (url: URL) =>
  Effect.map(connect(url), (connected): ReadonlyArray<Doctor.Finding> =>
    Either.match(connected, {
      onLeft: (reason) => [Doctor.unreachable(url.host, reason), skipped("round trip", "there is no connection")],
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
    const asked = token === undefined || form.level === "problem"
      ? undefined
      : yield* Effect.all([checkApi(options.apiUrl, token), checkIntents(options.apiUrl, token, options.intents)], {
        concurrency: 2
      })
    const [api, intents] = asked ?? [
      {
        findings: [skipped("API and token", "there is no token"), skipped("session budget", "there is no token")],
        gatewayUrl: Option.none<string>()
      },
      skipped("intents", "there is no token")
    ]
    const gatewayUrl = new URL(Option.getOrElse(
      Option.orElse(options.gatewayUrl, () => api.gatewayUrl),
      () => ShardConfig.defaultGatewayUrl
    ))
    const dns = yield* checkDns(gatewayUrl.hostname.replace(/^\[|\]$/g, ""))
    const connection = dns.level === "ok"
      ? yield* checkConnection(gatewayUrl)
      : [skipped("TLS", "the name is not known"), skipped("round trip", "the name is not known")]
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
      yield* ExitCode.note(ExitCode.found)
    }
  })
