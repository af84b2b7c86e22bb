/** Servers that only this machine reaches. */
export { formatUrl, guard, isLoopback } from "./loopback.js"
