/** Explanations of codes, events, errors and intents. */
export { find, findIntents, intent, json, text } from "./reference.js"
