/** The status page. */
export { type PageOptions, serve } from "./page.js"
