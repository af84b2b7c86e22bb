/** Bytes and text of the protocol: websocket, envelope, UTF-8, URLs and bounds on the peer's text. */
export * as Envelope from "./envelope.js"
export * as GatewayUrl from "./gatewayUrl.js"
export * as Nesting from "./nesting.js"
export * as PeerText from "./peerText.js"
export * as RefusedMessages from "./refusedMessages.js"
export * as Utf8 from "./utf8.js"
