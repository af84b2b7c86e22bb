/** Servers that only this machine reaches. */
export { isLoopback, listen } from "./loopback.js"
