/** The ways of an answer to Discord: the callback of the HTTP API, or the response to Discord's own request. */
import type { RawFile } from "@discordjs/rest"
import * as Snowflake from "@vesper/model/Snowflake"
import type { APIInteraction, APIInteractionResponse } from "discord-api-types/v10"
import * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type * as Rest from "../../Rest.js"
import type * as RestError from "../../RestError.js"

/** Sends the first answer. */
export interface Transport {
  /** False if the answer is one JSON object, so that files have to follow. */
  readonly acceptsFiles: boolean
  readonly send: (body: APIInteractionResponse, files: Array<RawFile>) => Effect.Effect<void, RestError.RestError>
}

/** Answers through the HTTP API. */
export const viaRest = (rest: Rest.Rest, { id, token }: Pick<APIInteraction, "id" | "token">): Transport => ({
  acceptsFiles: true,
  send: (body, files) =>
    rest.request({ method: "POST", route: `/interactions/${id}/${token}/callback`, body, files, auth: false })
})

/** Answers with the response to the request that brought the interaction. */
export const viaResponse = (response: Deferred.Deferred<APIInteractionResponse>): Transport => ({
  acceptsFiles: false,
  send: (body) => Deferred.succeed(response, body)
})

/** Returns the time of an interaction on Discord's clock, in milliseconds. */
export const createdAt = ({ id }: Pick<APIInteraction, "id">): number => Snowflake.is(id) ? Snowflake.timestamp(id) : 0
