/** The HTTP API: the library's methods as Effects, requests through the HttpClient, and typed errors without secrets. */
export { makeClient } from "./client.js"
export { getServerClock as clockOf, ServerClock } from "./serverClock.js"
