import assert from 'node:assert/strict';
import { ids, linked, paged, refused, wholeCursor } from '../world.mjs';

async function conversation(world) {
  const [jane, john] = [await world.user(), await world.user()];
  return { jane, john, channel: await world.channel([jane, john]) };
}

export default {
  async 'a message is retrieved and patched'(world) {
    const messages = world.api('Messages');
    const { jane, channel } = await conversation(world);
    const sent = await world.text(channel, jane, 'helo', { properties: { kept: 1, gone: 2 } });
    assert.equal((await messages.retrieveMessage(sent.id)).body, 'helo');
    const patched = await messages.updateMessage(sent.id, { body: 'hello', properties: { gone: null } });
    assert.equal(patched.body, 'hello');
    assert.deepEqual(patched.properties, { kept: 1 });
    assert.ok(patched.lastEditedTime);
    assert.deepEqual(await messages.retrieveMessage(sent.id), patched);
    await refused(400, messages.updateMessage(sent.id, { body: 7 }));
    await refused(404, messages.retrieveMessage(9007199254740000));
  },

  async 'a deleted message answers its thread and is gone'(world) {
    const messages = world.api('Messages');
    const { jane, channel } = await conversation(world);
    const { id } = await world.text(channel, jane, 'oops');
    const thread = await messages.deleteMessage(id);
    linked(thread, 'self', 'channel', 'application');
    assert.equal(thread.type, 'MAIN');
    await refused(404, messages.retrieveMessage(id));
    await refused(404, messages.deleteMessage(id));
  },

  async 'messages of all channels are listed by sender and text'(world) {
    const messages = world.api('Messages');
    const { jane, channel } = await conversation(world);
    const word = world.unique('needle');
    const sent = [];
    for (const n of [1, 2, 3]) sent.push(await world.text(channel, jane, `${n} ${word}`));
    await world.text(channel, jane, 'hay');
    const pages = await wholeCursor((...cursor) => messages.listMessages(2, ...cursor, jane.name, word));
    assert.deepEqual(pages.map(ids), [[sent[2].id, sent[1].id], [sent[0].id]]);
  },

  async 'who has read a message is listed'(world) {
    const messages = world.api('Messages');
    const { jane, john, channel } = await conversation(world);
    const { id } = await world.text(channel, jane, 'read me');
    assert.deepEqual(paged(await messages.listMessageReadReceipts(id), 'receipts'), []);
    const session = await world.open(john, channel);
    const [{ head }] = session.hello.channels;
    await session.command('read', { channel: channel.id, up_to: head });
    const [receipt, ...others] = paged(await messages.listMessageReadReceipts(id, 0, 25), 'receipts');
    linked(receipt, 'user', 'message', 'application');
    assert.equal(receipt.user.id, john.id);
    assert.deepEqual(others, []);
  },

  async 'all messages of the application are deleted'(world) {
    const messages = world.api('Messages');
    const { jane, channel } = await conversation(world);
    await world.text(channel, jane, 'the last words');
    assert.ok((await messages.deleteMessages()).key);
    assert.deepEqual((await messages.listMessages())._embedded?.messages ?? [], []);
  },
};
