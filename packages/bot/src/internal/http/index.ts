/** Interactions over HTTP: signatures, and the response that is the answer. */
export { make } from "./endpoint.js"
export { makeVerify } from "./signature.js"
