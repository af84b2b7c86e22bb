/** The fields of a message without mentions, embeds or components. */
export const plainMessage = {
  edited_timestamp: null,
  tts: false,
  mention_everyone: false,
  mentions: [],
  mention_roles: [],
  attachments: [],
  embeds: [],
  components: [],
  pinned: false
}
