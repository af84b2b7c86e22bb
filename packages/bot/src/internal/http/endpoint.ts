/** The HTTP app that receives interactions. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { type APIInteraction, InteractionResponseType, InteractionType } from "discord-api-types/v10"
import type * as ConfigError from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type FirstAnswer, viaResponse } from "../answers/index.js"
import type { Dispatcher } from "../dispatch/index.js"
import { makeVerify } from "./signature.js"

/** Discord's limit, after which a response is of no use. */
const responseTimeout = "3 seconds"

const parse = (body: Uint8Array): Option.Option<APIInteraction> =>
  Option.liftThrowable((): unknown => JSON.parse(new TextDecoder().decode(body)))().pipe(
    // The signature shows that Discord has made the body.
    Option.filter((value): value is APIInteraction => typeof value === "object" && value !== null && "type" in value)
  )

const fail = (status: number, text: string) => HttpServerResponse.text(text, { status })

/** Makes the response: JSON, or a form with the files. */
const toResponse = ({ body, files }: FirstAnswer): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (files.length === 0) {
    return Effect.orDie(HttpServerResponse.json(body))
  }
  const form = new FormData()
  form.set("payload_json", JSON.stringify(body))
  files.forEach(({ contentType, data, key, name }, index) => {
    const content = typeof data === "object" ? Uint8Array.from(data) : String(data)
    form.set(
      key ?? `files[${index}]`,
      new Blob([content], contentType === undefined ? {} : { type: contentType }),
      name
    )
  })
  return Effect.succeed(HttpServerResponse.formData(form))
}

/** Makes the HTTP app. Handlers that run on after the response end with the scope. */
export const make = (
  dispatcher: Dispatcher,
  { publicKey }: { readonly publicKey: string }
): Effect.Effect<HttpApp.Default, ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const verify = yield* makeVerify(publicKey)
    const fibers = yield* FiberSet.make<void>()

    const answer = (raw: APIInteraction) =>
      Effect.gen(function*() {
        const response = yield* Deferred.make<FirstAnswer>()
        // It may end without an answer, if it is too old or unknown.
        const handled = Effect.ensuring(dispatcher.handle(raw, viaResponse(response)), Deferred.interrupt(response))
        // An HttpApp runs uninterruptibly, which its forks would inherit: deferrals are interrupted, and so are late handlers.
        yield* FiberSet.run(fibers, Effect.interruptible(handled))
        return yield* Effect.interruptible(Deferred.await(response)).pipe(
          Effect.flatMap(toResponse),
          Effect.exit,
          Effect.timeoutOption(responseTimeout),
          Effect.map(Option.filter((exit) => exit._tag === "Success")),
          Effect.map(Option.match({
            onNone: () => fail(404, "This interaction was not answered"),
            onSome: ({ value }) => value
          }))
        )
      })

    return Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.method !== "POST") {
        return fail(405, "Discord sends interactions with POST")
      }
      const body = new Uint8Array(yield* request.arrayBuffer)
      const { "x-signature-ed25519": signature = "", "x-signature-timestamp": timestamp = "" } = request.headers
      if (!verify(signature, timestamp, body)) {
        return fail(401, "The signature is invalid")
      }
      return yield* Option.match(parse(body), {
        onNone: () => Effect.succeed(fail(400, "The body is not an interaction")),
        onSome: (raw) =>
          raw.type === InteractionType.Ping
            ? Effect.orDie(HttpServerResponse.json({ type: InteractionResponseType.Pong }))
            : answer(raw)
      })
    }).pipe(Effect.catchAll(() => Effect.succeed(fail(400, "The body could not be read"))))
  })
