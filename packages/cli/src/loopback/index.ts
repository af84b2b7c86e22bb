/** Servers that only this machine reaches. */
export { isLoopback, listen, listenFailed } from "./loopback.js"
