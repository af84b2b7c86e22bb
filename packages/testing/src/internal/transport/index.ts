/** The ways to a simulated gateway: in memory, and as frames and HTTP responses of a server. */
export * as Frames from "./frames.js"
export * as HttpApi from "./httpApi.js"
export * as MemoryHttp from "./memoryHttp.js"
export * as MemorySocket from "./memorySocket.js"
