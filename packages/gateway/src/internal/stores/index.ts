/** Stores in a `KeyValueStore` of @effect/platform, in modules that are loaded on demand: sessions and IDENTIFYs. */
export {}
