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
  /** True if the answer is a response to Discord, which it may receive after later requests. */
  readonly isResponse: boolean
  readonly send: (body: APIInteractionResponse, files: Array<RawFile>) => Effect.Effect<void, RestError.RestError>
}

/** Answers through the HTTP API. */
export const viaRest = (rest: Rest.Rest, { id, token }: Pick<APIInteraction, "id" | "token">): Transport => ({
  isResponse: false,
  send: (body, files) =>
    rest.request({ method: "POST", route: `/interactions/${id}/${token}/callback`, body, files, auth: false })
})

/** A first answer with its files. */
export interface FirstAnswer {
  readonly body: APIInteractionResponse
  readonly files: ReadonlyArray<RawFile>
}

/** Answers with the response to the request that brought the interaction. */
export const viaResponse = (response: Deferred.Deferred<FirstAnswer>): Transport => ({
  isResponse: true,
  send: (body, files) => Deferred.succeed(response, { body, files })
})

/** Returns the time of an interaction on Discord's clock, in milliseconds. */
export const createdAt = ({ id }: Pick<APIInteraction, "id">): number => Snowflake.is(id) ? Snowflake.timestamp(id) : 0
