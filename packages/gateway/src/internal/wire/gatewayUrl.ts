/** URLs of gateways. Discord's have no query, and may end with a slash. */
import * as Option from "effect/Option"
import type * as Decompressor from "../../Decompressor.js"
import * as PeerText from "./peerText.js"

/**
 * Adds version, encoding and compression to the query of a gateway or resume URL. They replace those in the URL; other
 * parameters are kept.
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
  // Websocket clients refuse a URL with a fragment.
  url.hash = ""
  return url.toString()
}

/** Removes credentials, query and fragment of a URL, for logs, errors, spans and pages. Also cuts text that is not a URL. */
export const redact = (url: string): string =>
  PeerText.clean(url.replace(/[?#][^]*$/, "").replace(/^([^/]*\/\/)?[^/]*@/, "$1"))

/** Describes the problem of text that is not a websocket URL; undefined for one. */
export const describeProblem = (text: string): string | undefined => {
  if (!URL.canParse(text)) {
    return `"${redact(text)}" is not a URL; write it as wss://host`
  }
  const { protocol } = new URL(text)
  return protocol === "wss:" || protocol === "ws:"
    ? undefined
    : `"${redact(text)}" is not a websocket URL; it must start with wss:// (or ws:// for a local simulator)`
}

/** In UTF-16 units. Discord's have about 40. */
const maxResumeUrlLength = 512

/**
 * Returns whether the resume URL may be used. A gateway that is reached through TLS must not redirect the shard to one without
 * TLS, because a RESUME contains the token.
 */
export const mayResumeAt = (gatewayUrl: string, resumeUrl: string): boolean =>
  PeerText.isPlain(resumeUrl, maxResumeUrlLength) &&
  describeProblem(resumeUrl) === undefined &&
  (new URL(gatewayUrl).protocol !== "wss:" || new URL(resumeUrl).protocol === "wss:")
