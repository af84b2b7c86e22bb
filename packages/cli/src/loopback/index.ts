/** Servers that only this machine reaches. */
export { guard, isLoopback, urlOf } from "./loopback.js"
