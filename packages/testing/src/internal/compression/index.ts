/** Transport compression on the gateway's side. */
export * as Compressor from "./compressor.js"
