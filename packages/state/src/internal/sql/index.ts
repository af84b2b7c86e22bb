/** The state of guilds in a table. */
export { make } from "./sqlStore.js"
