/** Checks of what bots send to the HTTP API: Discord's limits, and its trees of errors. */
export * as CommandForm from "./commandForm.js"
export * as Form from "./form.js"
export * as MessageForm from "./messageForm.js"
