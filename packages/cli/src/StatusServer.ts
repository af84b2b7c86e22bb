/**
 * The status page of a live view, of shards or of a simulated gateway, with what orchestrators and Prometheus ask for:
 *
 * - `/`: the page; `/events`: its server-sent events; `/status.json`: a moment of them.
 * - `/metrics`: for Prometheus.
 * - `/healthz`: 200 as long as the process answers.
 * - `/readyz`: 200 when all shards are connected, 503 otherwise; of a simulated gateway 200 as long as it listens.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Prometheus from "@vesper/gateway/Prometheus"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import { CliError } from "./CliError.js"
import { isLoopback } from "./internal/loopback.js"
import type * as PageShell from "./internal/pageShell.js"
import * as ShardsPage from "./internal/shardsPage.js"
import * as SimulatorPage from "./internal/simulatorPage.js"
import type * as SimulatorSnapshot from "./SimulatorSnapshot.js"
import * as Snapshot from "./Snapshot.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<Moment> {
  /** Others than this machine can reach it unless it is a loopback address. */
  readonly host: string
  readonly port: number
  /** Where everything stands; looked at for each page every second, and on request. */
  readonly snapshot: Effect.Effect<Moment>
}

/** What one kind of view is served as. */
interface View<Moment> {
  readonly page: PageShell.Page
  readonly isReady: (moment: Moment) => boolean
  /** How ready it is, in words. */
  readonly told: (moment: Moment) => string
}

const shards: View<Snapshot.Snapshot> = {
  page: ShardsPage.page,
  isReady: Snapshot.isReady,
  told: ({ connected, shards }) => `${connected} of ${shards.length} shards are connected`
}

const simulator: View<SimulatorSnapshot.SimulatorSnapshot> = {
  page: SimulatorPage.page,
  isReady: () => true,
  told: ({ connections }) => `bots can connect, ${connections} are`
}

/** How often the page is told. */
const interval = "1 second"

const encoder = new TextEncoder()

/** Nothing of it is to be kept, guessed at, or framed. */
const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer"
}

const events = (snapshot: Effect.Effect<unknown>) =>
  Stream.repeatEffectWithSchedule(snapshot, Schedule.spaced(interval)).pipe(
    Stream.map((moment) => encoder.encode(`data: ${JSON.stringify(moment)}\n\n`)),
    (stream) => HttpServerResponse.stream(stream, { contentType: "text/event-stream", headers })
  )

const ready = <Moment>(view: View<Moment>) => (moment: Moment) => {
  const isReady = view.isReady(moment)
  return HttpServerResponse.text(`${isReady ? "ready" : "not ready"}: ${view.told(moment)}\n`, {
    status: isReady ? 200 : 503,
    headers
  })
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/

/**
 * A page of somebody else's, whose name was made to point at this machine, is not to read what only this machine may:
 * who listens on loopback answers to the names of loopback.
 */
const guard = <E, R>(host: string, app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  isLoopback(host)
    ? Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      loopback.test(request.headers["host"] ?? "")
        ? app
        : Effect.succeed(
          HttpServerResponse.text("the name of this host is not known here\n", { status: 403, headers })
        ))
    : app

const router = <Moment>({ host, snapshot }: Options<Moment>, view: View<Moment>) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(
      "/",
      HttpServerResponse.html(view.page.html).pipe(
        HttpServerResponse.setHeaders({ ...headers, "content-security-policy": view.page.contentSecurityPolicy })
      )
    ),
    HttpRouter.get("/events", Effect.sync(() => events(snapshot))),
    HttpRouter.get(
      "/status.json",
      Effect.map(snapshot, (moment) => HttpServerResponse.unsafeJson(moment, { headers }))
    ),
    // Looking brings what is counted up to date.
    HttpRouter.get("/metrics", Effect.zipRight(snapshot, Prometheus.app)),
    HttpRouter.get("/healthz", HttpServerResponse.text("ok\n", { headers })),
    HttpRouter.get("/readyz", Effect.map(snapshot, ready(view))),
    Effect.catchTag(
      "RouteNotFound",
      () => Effect.succeed(HttpServerResponse.text("there is nothing here; try /\n", { status: 404, headers }))
    ),
    (app) => guard(host, app)
  )

const serve = <Moment>(
  options: Options<Moment>,
  view: View<Moment>
): Effect.Effect<{ readonly url: string }, CliError, Scope.Scope> =>
  Effect.gen(function*() {
    const { host, port } = options
    const node = createServer()
    const server = yield* Effect.mapError(
      NodeHttpServer.make(() => node, { host, port }),
      () =>
        new CliError({
          message: `the status page could not listen on ${host}:${port}: choose another port with --http`
        })
    )
    // Pages that listen would hold up the end for as long as they are open.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    yield* server.serve(router(options, view))
    const actualPort = server.address._tag === "TcpAddress" ? server.address.port : port
    return { url: `http://${host.includes(":") ? `[${host}]` : host}:${actualPort}/` }
  })

/**
 * Serves the page of shards until the scope closes. Where it listens.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options<Snapshot.Snapshot>
): Effect.Effect<{ readonly url: string }, CliError, Scope.Scope> => serve(options, shards)

/**
 * Serves the page of a simulated gateway until the scope closes. Where it listens.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSimulator = (
  options: Options<SimulatorSnapshot.SimulatorSnapshot>
): Effect.Effect<{ readonly url: string }, CliError, Scope.Scope> => serve(options, simulator)
