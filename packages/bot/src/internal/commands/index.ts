/** Commands: their payloads, the values of their options, and their registration with Discord. */
export { register } from "./registration.js"
