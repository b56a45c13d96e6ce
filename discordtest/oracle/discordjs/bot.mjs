// A bot that answers like the one in discordgo_test.go. Its errors are the test's errors: it exits with 1.
import { createRequire } from 'node:module';
const require = createRequire(process.env.NODE_MODULES + '/');
const d = require('discord.js');

const { GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT } = { GUILDS: 1, GUILD_MESSAGES: 1 << 9, DIRECT_MESSAGES: 1 << 12, MESSAGE_CONTENT: 1 << 15 };
const client = new d.Client({
  intents: [GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT],
  partials: [d.Partials.Channel],
  rest: { api: process.env.DISCORD_API },
});
const fail = (error) => { console.error(error); process.exit(1); };
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
client.on('error', fail);

client.once(d.Events.ClientReady, async () => {
  await client.application.commands.set([
    { name: 'files', description: 'Your files', options: [{ type: 3, name: 'kind', description: 'Kind', required: true, autocomplete: true }] },
    { name: 'Analyze', type: 3 },
    { name: 'Ask', type: 3, integrationTypes: [1], contexts: [2] },
  ]);
  console.log('ready');
});

client.on(d.Events.MessageCreate, async (m) => {
  if (m.author.bot || (!m.content && !m.attachments.size && !m.poll)) return;
  if (m.channel.isThread() && (await m.channel.fetchStarterMessage())?.id === m.id) {
    await m.channel.send(`${m.channel.name} in ${m.channel.parent.name}, a forum: ${m.channel.parent.isThreadOnly()}`);
  }
  await m.channel.sendTyping();
  const sent = await m.reply('working');
  const files = [];
  for (const a of m.attachments.values()) {
    const data = await (await fetch(a.url)).text();
    files.push(new d.AttachmentBuilder(Buffer.from(data.toUpperCase()), { name: a.name, description: 'shouted' }));
  }
  await sent.edit({ content: 'echo: ' + m.content, files });
  if (m.content === 'thread') {
    const thread = await m.startThread({ name: 'Talk' });
    await thread.send('in the thread');
  }
  if (m.poll) {
    await m.channel.send(`${m.poll.question.text}: ${[...m.poll.answers.values()].map((a) => a.text).join(', ')}`);
  }
  if (m.flags.has(d.MessageFlags.IsVoiceMessage)) {
    await m.channel.send(`heard ${m.attachments.first().duration} s`);
  }
  if (m.content === 'history') {
    const messages = await m.channel.messages.fetch({ limit: 5 });
    await m.react('👍');
    await m.channel.send({
      flags: d.MessageFlags.IsComponentsV2,
      components: [new d.ContainerBuilder().addTextDisplayComponents(new d.TextDisplayBuilder().setContent(`read ${messages.size}`))],
    });
  }
});

client.on(d.Events.InteractionCreate, async (i) => {
  if (i.isAutocomplete()) return i.respond([{ name: 'Sales', value: 'sales.csv' }]);
  if (i.isMessageContextMenuCommand() && i.commandName === 'Ask') {
    if (i.context !== d.InteractionContextType.PrivateChannel || i.authorizingIntegrationOwners[1] !== i.user.id) fail(new Error('owners'));
    return i.showModal(new d.ModalBuilder().setCustomId('ask').setTitle('Ask').addLabelComponents(new d.LabelBuilder().setLabel('Files')
      .setFileUploadComponent(new d.FileUploadBuilder().setCustomId('files').setMinValues(1).setMaxValues(2))));
  }
  if (i.isModalSubmit() && i.customId === 'ask') {
    return i.reply({ content: 'got ' + [...i.fields.getUploadedFiles('files').values()].map((f) => f.name).join(', ') });
  }
  if (i.isMessageContextMenuCommand()) return i.reply({ content: 'target: ' + i.targetMessage.content });
  if (i.isChatInputCommand()) {
    await i.deferReply({ flags: d.MessageFlags.Ephemeral });
    await i.editReply({
      content: `${i.user.username} asked for ${i.options.getString('kind')}`,
      components: [
        new d.ActionRowBuilder().addComponents(new d.ButtonBuilder().setCustomId('del').setLabel('Delete').setStyle(d.ButtonStyle.Danger)),
        new d.ActionRowBuilder().addComponents(new d.StringSelectMenuBuilder().setCustomId('pick').addOptions({ label: 'A', value: 'a' })),
      ],
    });
    await i.followUp({ content: 'and more', files: [new d.AttachmentBuilder(Buffer.from('x'), { name: 'x.txt' })] });
    return;
  }
  if (i.isStringSelectMenu()) {
    return i.showModal(new d.ModalBuilder().setCustomId('m').setTitle('Why ' + i.values[0]).addComponents(
      new d.ActionRowBuilder().addComponents(new d.TextInputBuilder().setCustomId('why').setLabel('Why').setStyle(d.TextInputStyle.Short))));
  }
  if (i.isModalSubmit()) {
    const res = await i.reply({ content: 'because ' + i.fields.getTextInputValue('why'), withResponse: true });
    if (!res.resource.message.content.startsWith('because')) fail(new Error('with_response'));
    return;
  }
  if (i.isButton()) return i.update({ content: 'deleted', components: [] });
});

process.stdin.on('end', () => client.destroy().then(() => process.exit(0)));
process.stdin.resume();
client.login(process.env.DISCORD_TOKEN).catch(fail);
