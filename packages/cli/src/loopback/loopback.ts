/** Servers that only this machine can reach, and only its own pages. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"

/** Returns true for an address that other machines cannot reach. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host)

const loopbackName = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/

/**
 * Refuses the requests of other sites' pages, and URLs that are not valid. A server on loopback answers to the names of
 * loopback, so that a foreign name that points at this machine does not reach it. A browser says from which site it asks;
 * `allowsLinks` lets it follow a link.
 */
export const guard = <E, R>(
  { allowsLinks, host }: { readonly allowsLinks: boolean; readonly host: string },
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) =>
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

export const formatUrl = (host: string, port: number): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}/`
