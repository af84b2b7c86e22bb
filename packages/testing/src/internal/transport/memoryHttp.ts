/** An `HttpClient` whose requests, whatever their host, are answered by a simulated HTTP API without a network. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Core } from "../protocol/index.js"
import type { Api } from "../rest/index.js"
import * as Content from "./content.js"

const read = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Api.Content, unknown> => {
  const { body, headers } = request
  const type = headers["content-type"] ?? ""
  switch (body._tag) {
    case "FormData":
      return Effect.succeed(Content.fromForm(body.formData))
    case "Uint8Array":
      return Content.fromBytes(body.body, headers["content-type"] ?? body.contentType)
    case "Raw": {
      // What fetch accepts as a body.
      const raw = body.body as string | Uint8Array<ArrayBuffer> | FormData
      return raw instanceof FormData
        ? Effect.succeed(Content.fromForm(raw))
        : Effect.flatMap(
          Effect.tryPromise(() => new Response(raw).arrayBuffer()),
          (buffer) => Content.fromBytes(new Uint8Array(buffer), type)
        )
    }
    case "Stream":
      return Effect.flatMap(
        Stream.runCollect(body.stream),
        (chunks) => Content.fromBytes(Buffer.concat(Array.from(chunks)), type)
      )
    default:
      return Content.fromBytes(new Uint8Array(), type)
  }
}

/** The content of a response, and its headers with the type of the content. */
export const encode = ({ body, headers }: Api.Response) =>
  typeof body === "string"
    ? { text: body, headers: { "content-type": "text/plain", ...headers } }
    : body === undefined
    ? { text: null, headers }
    : { text: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }

/** Makes a client. A request takes the latency. */
export const make = ({ latency, rest }: Core.Core): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.gen(function*() {
      const content = yield* read(request)
      if (Duration.toMillis(latency) > 0) {
        yield* Effect.sleep(latency)
      }
      const response = yield* rest.handle({
        method: request.method,
        url: url.pathname + url.search,
        authorization: request.headers["authorization"],
        content
      })
      const { headers, text } = encode(response)
      return HttpClientResponse.fromWeb(request, new Response(text, { status: response.status, headers }))
    }).pipe(
      Effect.mapError((cause) =>
        new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: cause ?? new Error("the connection was lost, by a fault of the simulator")
        })
      )
    )
  )
