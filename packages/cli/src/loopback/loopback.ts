/** Servers that only this machine can reach, and only its own pages. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import { type CliError, describeFileError, failed } from "../exit/index.js"

/** Returns true for an address that other machines cannot reach. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host)

const loopbackName = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/

interface Access {
  readonly host: string
  readonly allowsLinks: boolean
}

/**
 * Refuses the requests of other sites' pages, and URLs that are not valid. A server on loopback answers to the names of
 * loopback, so that a foreign name that points at this machine does not reach it. A browser says from which site it asks;
 * `allowsLinks` lets it follow a link.
 */
const guard = <E, R>({ allowsLinks, host }: Access, app: HttpApp.Default<E, R>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, url }) => {
    if (!URL.canParse(url, "http://localhost")) {
      return Effect.succeed(HttpServerResponse.text("the URL is not valid\n", { status: 400 }))
    }
    const isForeign = /^(cross|same)-site$/.test(headers["sec-fetch-site"] ?? "") || headers["origin"] !== undefined
    const isLink = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document"
    const problem = isLoopback(host) && !loopbackName.test(headers["host"] ?? "")
      ? "this host name is not known here"
      : isForeign && !(allowsLinks && isLink)
      ? "pages of other sites have no access"
      : undefined
    return problem === undefined ? app : Effect.succeed(HttpServerResponse.text(`${problem}\n`, { status: 403 }))
  })

/** The failure to listen on an address: another port helps only on an address of this machine. */
export const listenFailed = (
  what: string,
  { cause, host, port }: { readonly cause: unknown; readonly host: string; readonly port: number },
  portOption = "--port"
): CliError => {
  const why = describeFileError(cause)
  const remedy = /port|permission/.test(why) ? `choose another port with ${portOption}` : "check --host"
  return failed(`the ${what} could not listen on ${host}:${port}: ${why}; ${remedy}`)
}

/** Serves an app until the scope closes, and returns its URL and port. `what` and `portOption` are parts of the error. */
export const listen = <E, R>(
  options: Access & { readonly port: number; readonly what: string; readonly portOption: string },
  app: HttpApp.Default<E, R>
) =>
  Effect.gen(function*() {
    const { host, port, portOption, what } = options
    const node = createServer()
    const server = yield* Effect.mapError(
      NodeHttpServer.make(() => node, { host, port }),
      (cause) => listenFailed(what, { host, port, cause }, portOption)
    )
    // Open requests would delay the end for as long as their clients wait.
    yield* Effect.addFinalizer(() => Effect.sync(() => node.closeAllConnections()))
    yield* server.serve(guard(options, app))
    const taken = server.address._tag === "TcpAddress" ? server.address.port : port
    return { port: taken, url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}/` }
  })
