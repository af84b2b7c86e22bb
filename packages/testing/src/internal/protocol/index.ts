/** The gateway's side of the protocol, without a transport: sessions, connections, commands, intents and limits. */
export * as Connection from "./connection.js"
export * as Core from "./core.js"
export * as Gateway from "./gateway.js"
export * as Visibility from "./visibility.js"
