import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Decompressor from "../Decompressor.js"

/**
 * Completes a gateway or resume URL with the query of this connection. Discord hands out both kinds of URL without a
 * query, with or without a slash at the end.
 */
export const make = (
  base: string,
  apiVersion: number,
  compression: Option.Option<Decompressor.Compression>
): string => {
  const url = new URL(base)
  url.searchParams.set("v", String(apiVersion))
  url.searchParams.set("encoding", "json")
  if (Option.isSome(compression)) {
    url.searchParams.set("compress", compression.value)
  }
  return url.toString()
}

/** Whether `text` is a websocket URL; the reason if it is not. */
export const validate = (text: string): Either.Either<string, string> => {
  if (!URL.canParse(text)) {
    return Either.left(`"${text}" is not a URL; write it as wss://host`)
  }
  const { protocol } = new URL(text)
  return protocol === "wss:" || protocol === "ws:"
    ? Either.right(text)
    : Either.left(`"${text}" is not a websocket URL; it must start with wss:// (or ws:// for a local simulator)`)
}

/**
 * Whether the shard, configured with `gatewayUrl`, may follow `resumeUrl`: a gateway that is reached through TLS must
 * not talk the shard out of it, for the resume carries the token.
 */
export const mayResumeAt = (gatewayUrl: string, resumeUrl: string): boolean =>
  Either.isRight(validate(resumeUrl)) &&
  (new URL(gatewayUrl).protocol !== "wss:" || new URL(resumeUrl).protocol === "wss:")
