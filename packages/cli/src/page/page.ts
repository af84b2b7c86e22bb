/**
 * The status page of a live view, with the endpoints of orchestrators and Prometheus:
 *
 * - `/`: the page; `/events`: its server-sent events; `/status.json`: the state as plain data.
 * - `/metrics`: for Prometheus.
 * - `/healthz`: 200 as long as the process answers.
 * - `/readyz`: 200 when the command is ready, 503 otherwise.
 */
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Prometheus from "@vesper/gateway/Prometheus"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import type { CliError } from "../exit/index.js"
import type { Moment } from "../tui/index.js"
import { listen } from "../loopback/index.js"

export interface PageOptions {
  /** Other machines can reach the page unless this is a loopback address. */
  readonly host: string
  /** 0 takes any port that is free. */
  readonly port: number
  /** Takes a look: for each open page every second, and on request. */
  readonly moment: Effect.Effect<Moment>
}

/** The interval of the updates of an open page. */
const interval = "1 second"

/** The number of lines of the log on the page. */
const logSize = 100

const asset = (name: string): string => readFileSync(new URL(`./${name}`, import.meta.url), "utf8")

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

/** The page of a first moment, in one file, and the policy that allows its own style and script by their hashes. */
const makePage = () => {
  const [html, style, script] = [asset("status.html"), asset("status.css"), asset("status.js")]
  const parts: Readonly<Record<string, string>> = { style, script }
  return {
    // `<` would end the element of the data.
    render: (moment: Moment) =>
      html.replace(
        /\{\{(\w+)\}\}/g,
        (_, name: string) => parts[name] ?? JSON.stringify(toPage(moment)).replaceAll("<", "\\u003c")
      ),
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${hash(style)}`,
      `script-src ${hash(script)}`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'"
    ].join("; ")
  }
}

const toPage = ({ display: { log, searched: _, ...display } }: Moment) => ({ ...display, log: log.slice(-logSize) })

const encoder = new TextEncoder()

/** The answers are not stored, guessed at, or framed. */
const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer"
}

const events = (moment: Effect.Effect<Moment>) =>
  Stream.repeatEffectWithSchedule(moment, Schedule.spaced(interval)).pipe(
    Stream.map((moment) => encoder.encode(`data: ${JSON.stringify(toPage(moment))}\n\n`)),
    (stream) => HttpServerResponse.stream(stream, { contentType: "text/event-stream", headers })
  )

const ready = ({ readiness: { isReady, text } }: Moment) =>
  HttpServerResponse.text(`${isReady ? "ready" : "not ready"}: ${text}\n`, { status: isReady ? 200 : 503, headers })

const router = (moment: Effect.Effect<Moment>) => {
  const page = makePage()
  const pageHeaders = { ...headers, "content-security-policy": page.contentSecurityPolicy }
  return HttpRouter.empty.pipe(
    HttpRouter.get(
      "/",
      Effect.map(
        moment,
        (moment) =>
          HttpServerResponse.text(page.render(moment), {
            contentType: "text/html; charset=utf-8",
            headers: pageHeaders
          })
      )
    ),
    HttpRouter.get("/events", Effect.sync(() => events(moment))),
    HttpRouter.get(
      "/status.json",
      Effect.map(moment, ({ status }) => HttpServerResponse.unsafeJson(status, { headers }))
    ),
    HttpRouter.get("/metrics", Prometheus.app),
    HttpRouter.get("/healthz", HttpServerResponse.text("ok\n", { headers })),
    HttpRouter.get("/readyz", Effect.map(moment, ready)),
    Effect.catchTag(
      "RouteNotFound",
      () => Effect.succeed(HttpServerResponse.text("there is nothing at this path; try /\n", { status: 404, headers }))
    )
  )
}

/** Serves the page until the scope closes, and returns its URL. */
export const serve = (
  { host, moment, port }: PageOptions
): Effect.Effect<{ readonly url: string }, CliError, Scope.Scope> =>
  listen(
    { host, port, allowsLinks: true, what: "status page", portOption: "--http" },
    router(moment)
  )
