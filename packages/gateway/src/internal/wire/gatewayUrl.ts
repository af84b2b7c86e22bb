/** The URLs of gateways. Discord hands them out without a query, with or without a slash at the end. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Decompressor from "../../Decompressor.js"
import * as PeerText from "./peerText.js"

/**
 * Completes a gateway or resume URL with the query of this connection. A version, encoding or compression in the URL
 * itself is replaced, because the shard reads only what it asks for; other parameters are kept.
 */
export const make = (
  base: string,
  apiVersion: number,
  compression: Option.Option<Decompressor.Compression>
): string => {
  const url = new URL(base)
  url.searchParams.set("v", String(apiVersion))
  url.searchParams.set("encoding", "json")
  url.searchParams.delete("compress")
  if (Option.isSome(compression)) {
    url.searchParams.set("compress", compression.value)
  }
  // A websocket URL with a fragment is refused by every client.
  url.hash = ""
  return url.toString()
}

/** The URL without credentials, query and fragment, for logs, errors, spans and pages. Text that is no URL is cut too. */
export const redact = (url: string): string =>
  PeerText.clean(url.replace(/[?#][^]*$/, "").replace(/^([^/]*\/\/)?[^/]*@/, "$1"))

/** Whether `text` is a websocket URL; the reason if it is not. */
export const validate = (text: string): Either.Either<string, string> => {
  if (!URL.canParse(text)) {
    return Either.left(`"${redact(text)}" is not a URL; write it as wss://host`)
  }
  const { protocol } = new URL(text)
  return protocol === "wss:" || protocol === "ws:"
    ? Either.right(text)
    : Either.left(
      `"${redact(text)}" is not a websocket URL; it must start with wss:// (or ws:// for a local simulator)`
    )
}

/** In UTF-16 units. Discord's have about 40. */
const maxResumeUrlLength = 512

/**
 * Whether the shard, configured with `gatewayUrl`, may follow `resumeUrl`: a gateway that is reached through TLS must
 * not move the shard to one without, because the resume carries the token.
 */
export const mayResumeAt = (gatewayUrl: string, resumeUrl: string): boolean =>
  PeerText.isPlain(resumeUrl, maxResumeUrlLength) &&
  Either.isRight(validate(resumeUrl)) &&
  (new URL(gatewayUrl).protocol !== "wss:" || new URL(resumeUrl).protocol === "wss:")
