/** Custom ids of components: a name and typed parameters. */
export { type CustomId, makeCustomId } from "./customId.js"
