// Draws the page: brings the components to Discord's present colours, then puts the conversation in.
import '@skyra/discord-components-core';
import { css } from 'lit';

const restyle = {
  'discord-messages': css`
    :host { background-color: #313338; border: none; border-radius: 8px; overflow: hidden; padding-bottom: 8px; }
    :host .discord-channel-header { font-weight: 600; box-shadow: 0 1px 0 #26272b; }`,
  'discord-message': css`
    :host { color: #dbdee1; font-size: 16px; }
    :host(:hover) { background-color: transparent; }
    :host([ephemeral]) { background-color: rgba(88, 101, 242, 0.06); padding-top: 4px !important; padding-bottom: 4px !important; }
    :host([highlight]) { background-color: rgba(240, 178, 50, 0.08); padding-top: 2px !important; padding-bottom: 2px !important; }
    :host([highlight])::before { background-color: #f0b232; }
    .discord-message-timestamp, .discord-message-ephemeral { color: #949ba4; }
    .discord-message-timestamp { margin-left: 4px; }
    .discord-message-edited { color: #949ba4; margin-left: 4px; }
    .discord-message-ephemeral .discord-message-ephemeral-link { color: #00a8fc; }
    .discord-author-avatar { margin-top: 2px; }
    .discord-message-content { line-height: 1.375rem; padding-top: 0; min-width: 0; }
    .discord-message-ephemeral svg { vertical-align: -3px; }`,
  'discord-author-info': css`
    :host .discord-author-username { color: #f2f3f5; }`,
  'discord-verified-author-tag': css`
    .discord-application-tag { background-color: #5865f2; border-radius: 4px; font-weight: 600; }`,
  'discord-reply': css`
    :host { color: #b5bac1; }
    :host .discord-application-tag { border-radius: 4px; font-weight: 600; }`,
  'discord-embed': css`
    :host { color: #dbdee1; margin: 4px 0; }
    :host .discord-left-border { background-color: #1e1f22; }
    :host .discord-embed-wrapper { background-color: #2b2d31; border: none; max-width: 516px; min-width: 200px; }
    :host .discord-embed-title a { color: #00a8fc; }
    :host .discord-embed-image { max-width: 400px; }
    :host .discord-embed-media { margin-top: 12px; }`,
  'discord-embed-footer': css`
    :host { color: #b5bac1; }`,
  'discord-button': css`
    :host > *:first-child { border-radius: 8px; height: 28px; min-height: 28px; padding: 2px 16px; margin: 4px 8px 4px 0; }
    .success { background-color: #248046; }
    .destructive { background-color: #da373c; }
    .secondary { background-color: #4e5058; color: #fff; }
    a svg { margin-left: 8px; }`,
  'discord-string-select-menu': css`
    .discord-string-select-menu { width: 400px; background-color: #1e1f22; border-color: #1e1f22; color: #b5bac1; border-radius: 8px; height: 40px; margin: 4px 0; font-weight: 400; padding: 8px 12px !important; }`,
  'discord-file-attachment': css`
    .discord-file-attachment-mosaic-style { background-color: #2b2d31; border: 1px solid #1f2023; }
    .discord-file-attachment-filename-link-wrapper { color: #00a8fc; }
    .discord-file-attachment-metadata { color: #949ba4; }
    .discord-file-attachment-non-visual-media-item-container { margin-top: 4px; }`,
  'discord-reaction': css`
    .discord-reaction { background-color: #2b2d31; border: 1px solid #3f4147; border-radius: 8px; }`,
};
for (const [name, style] of Object.entries(restyle)) {
  const component = customElements.get(name);
  if (!component) throw new Error(`no component ${name}`);
  component.elementStyles.push(style);
}
document.body.append(document.getElementById('conversation').content);
document.title = 'drawn';
