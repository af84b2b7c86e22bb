/** Interactions of simulated users, and the replies of the bot to them. */
export * as Prepare from "./prepare.js"
export * as Wait from "./wait.js"
