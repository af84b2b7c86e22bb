/** An HttpClient whose answers are made by a function. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly json: unknown
  /** The fields of a form; a file is its name. */
  readonly form: Readonly<Record<string, string>> | undefined
}

export interface Answer {
  readonly status?: number
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Fails as a connection does. */
  readonly transport?: string
}

const read = (request: HttpClientRequest.HttpClientRequest, url: URL): Asked => {
  const { body, headers, method } = request
  const form = body._tag === "FormData"
    ? Object.fromEntries(
      Array.from(body.formData.entries(), ([name, value]) => [name, typeof value === "string" ? value : value.name])
    )
    : undefined
  const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : undefined
  return { method, url: url.href, headers, json: text === undefined ? undefined : JSON.parse(text), form }
}

const isEmpty = (status: number) => status === 204

export const makeHttp = (answer: (asked: Asked) => Answer | Effect.Effect<Answer>): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.flatMap(
      Effect.suspend(() => {
        const result = answer(read(request, url))
        return Effect.isEffect(result) ? result : Effect.succeed(result)
      }),
      ({ headers = {}, json, status = 200, transport }) =>
        transport === undefined
          ? Effect.succeed(HttpClientResponse.fromWeb(
            request,
            isEmpty(status)
              ? new Response(null, { status, headers })
              : Response.json(json ?? {}, { status, headers })
          ))
          : Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", description: transport }))
    )
  )

export const layerHttp = (
  answer: (asked: Asked) => Answer | Effect.Effect<Answer>
): Layer.Layer<HttpClient.HttpClient> => Layer.succeed(HttpClient.HttpClient, makeHttp(answer))
