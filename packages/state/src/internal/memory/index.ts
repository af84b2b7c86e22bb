/** The state of guilds in the process. */
export { make } from "./memoryStore.js"
