/** Answers one interaction once: the state of its answer, and the ways to Discord. */
export { type Answer, makeAnswer } from "./answer.js"
export { makeInteraction, toText } from "./interaction.js"
export { createdAt, type FirstAnswer, type Transport, viaResponse, viaRest } from "./transport.js"
