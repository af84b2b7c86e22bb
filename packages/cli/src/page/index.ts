/** The status page. */
export { type Options, serve } from "./page.js"
