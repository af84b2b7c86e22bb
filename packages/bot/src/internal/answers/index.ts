/** Answers one interaction once: the state of its answer, and the ways to Discord. */
export { Answer } from "./answer.js"
export { makeInteraction } from "./interaction.js"
export { createdAt, type Transport, viaResponse, viaRest } from "./transport.js"
