/** `vesper doctor`: measures, and judges the measurements. */
import * as GatewayApi from "@vesper/gateway/GatewayApi"
import * as GatewaySchema from "@vesper/gateway/GatewaySchema"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import type * as Intents from "@vesper/model/Intents"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { lookup } from "node:dns/promises"
import * as Net from "node:net"
import * as Tls from "node:tls"
import type { DoctorOptions } from "../commands/index.js"
import { ExitCode, noteExitCode } from "../exit/index.js"
import { writeLine, writeText } from "../tui/index.js"
import * as Doctor from "./judgements.js"

/** The limit of each measurement. */
const timeLimit = Duration.seconds(5)

const withinLimit = <A>(effect: Effect.Effect<A, string>): Effect.Effect<A, string> =>
  // The system's resolver cannot be interrupted, and is not waited for.
  Effect.timeoutFail(Effect.disconnect(effect), {
    duration: timeLimit,
    onTimeout: () => `no answer within ${Duration.format(timeLimit)}`
  })

/** The message of the network's error, without the error of fetch around it. */
const networkMessage = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}

const Application = Schema.Struct({ flags: Schema.optionalWith(Schema.Int, { default: () => 0 }) })

const GatewayBot = GatewaySchema.GatewayBot.pipe(Schema.filter(({ url }) => Doctor.isGatewayUrl(url)))

/** Sends a request once, because a retry would hide a problem. */
const request = (check: string, url: string, token: string): Effect.Effect<unknown, Doctor.Finding> =>
  withinLimit(Effect.tryPromise({
    try: async (signal) => {
      const authorization = `Bot ${ShardConfig.bareToken(token)}`
      // A redirect could send the token to another host.
      const response = await fetch(url, { signal, redirect: "manual", headers: { authorization } })
      const body: unknown = await response.json().catch(() => undefined)
      return { status: response.status, body }
    },
    // The cause of a failed fetch holds the request's address, and not its headers.
    catch: networkMessage
  })).pipe(
    Effect.mapError((reason) => Doctor.problem(check, reason, "check the network, the proxy and --api-url")),
    Effect.flatMap(({ body, status }) =>
      status === 200 ? Effect.succeed(body) : Effect.fail(Doctor.refused(check, status))
    )
  )

const checkApi = (apiUrl: string, token: string) =>
  request("API and token", `${apiUrl}/gateway/bot`, token).pipe(
    Effect.flatMap((body) => Effect.mapError(Schema.decodeUnknown(GatewayBot)(body), () => Doctor.invalidAnswer)),
    Effect.match({
      onFailure: (problem) => ({
        findings: [problem, Doctor.skipped("session budget", "the API did not answer")],
        gatewayUrl: Option.none<string>()
      }),
      onSuccess: ({ sessionStartLimit: limit, shards, url }) => ({
        findings: [
          Doctor.ok("API and token", "Discord accepts the token"),
          Doctor.budget({ ...limit, resetAfter: Duration.toMillis(limit.resetAfter), shards })
        ],
        gatewayUrl: Option.some(url)
      })
    })
  )

const checkIntents = (apiUrl: string, token: string, wanted: Intents.Intents) =>
  request("intents", `${apiUrl}/applications/@me`, token).pipe(
    Effect.flatMap(Schema.decodeUnknown(Application)),
    Effect.match({
      onFailure: () => Doctor.skipped("intents", "the API did not answer"),
      onSuccess: ({ flags }) => Doctor.intents(wanted, flags)
    })
  )

const checkDns = (host: string) =>
  Effect.match(withinLimit(Effect.tryPromise({ try: () => lookup(host), catch: networkMessage })), {
    onFailure: (reason) => Doctor.unresolved(host, reason),
    onSuccess: ({ address }) => Doctor.ok("DNS", `${host} is ${address}`)
  })

interface Connected {
  readonly millis: number
  readonly protocol: string | undefined
}

/** Opens a connection and closes it. Opening takes one round trip. */
const connect = (url: URL): Effect.Effect<Connected, string> =>
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
  Effect.match(connect(url), {
    onFailure: (
      reason
    ) => [Doctor.unreachable(url.host, reason), Doctor.skipped("round trip", "there is no connection")],
    onSuccess: ({ millis, protocol }) => [Doctor.encryption(url, protocol), Doctor.roundTrip(millis)]
  })

const skipAll = (checks: ReadonlyArray<string>, why: string) => checks.map((check) => Doctor.skipped(check, why))

const examine = (options: DoctorOptions, token: string | undefined) =>
  Effect.gen(function*() {
    const apiUrl = Option.getOrElse(options.apiUrl, () => GatewayApi.defaultBaseUrl).replace(/\/$/, "")
    const form = Doctor.tokenForm(token, existsSync(".env"))
    const [api, intents] = token === undefined || form.level === "problem"
      ? [
        {
          findings: skipAll(["API and token", "session budget"], "there is no token"),
          gatewayUrl: Option.none<string>()
        },
        Doctor.skipped("intents", "there is no token")
      ]
      : yield* Effect.all([checkApi(apiUrl, token), checkIntents(apiUrl, token, options.intents)], { concurrency: 2 })
    const gatewayUrl = new URL(Option.getOrElse(
      Option.orElse(options.gatewayUrl, () => api.gatewayUrl),
      () => ShardConfig.defaultGatewayUrl
    ))
    const dns = yield* checkDns(gatewayUrl.hostname.replace(/^\[|\]$/g, ""))
    const connection = dns.level === "ok"
      ? yield* checkConnection(gatewayUrl)
      : skipAll(["TLS", "round trip"], "the name was not resolved")
    const [node, compression] = [Doctor.node(process.version), Doctor.compression(process.version)]
    return [node, compression, form, ...api.findings, intents, dns, ...connection]
  })

export const run = (options: DoctorOptions) =>
  Effect.gen(function*() {
    const token = yield* Effect.option(ShardConfig.tokenConfig)
    const findings = yield* examine(options, Option.getOrUndefined(Option.map(token, Redacted.value)))
    yield* options.json
      ? writeLine(JSON.stringify(findings, null, 2))
      : writeText(findings.map(Doctor.text).join("\n"))
    if (Doctor.hasProblem(findings)) {
      yield* noteExitCode(ExitCode.found)
    }
  })
