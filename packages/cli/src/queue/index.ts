/** `vesper queue serve`. */
export { serve } from "./queue.js"
