import assert from 'node:assert/strict';
import { ids, linked, refused, wholeCursor } from '../world.mjs';

async function mainThread(world) {
  const [jane, john] = [await world.user(), await world.user()];
  const channel = await world.channel([jane, john]);
  const passing = await world.text(channel, jane, 'in passing');
  return { jane, john, channel, thread: await world.api('Messages').deleteMessage(passing.id) };
}

export default {
  async 'a thread is retrieved'(world) {
    const threads = world.api('Threads');
    const { channel, thread } = await mainThread(world);
    assert.deepEqual(await threads.retrieveThread(thread.id), thread);
    linked(thread, 'self', 'channel', 'application');
    assert.ok(thread._links.channel.href.endsWith(`/channels/${channel.id}`));
    await refused(404, threads.retrieveThread(9007199254740000));
  },

  async 'messages are sent to a thread and listed by cursor'(world) {
    const threads = world.api('Threads');
    const { jane, thread, channel } = await mainThread(world);
    const sent = [];
    for (const body of ['one', 'two', 'three']) {
      sent.push(await threads.sendThreadMessage(thread.id, { type: 'TEXT', body, properties: {}, user: { id: jane.id } }));
    }
    assert.equal(sent[0].channelId, channel.id);
    assert.equal(sent[0].user.id, jane.id);
    const pages = await wholeCursor((...cursor) => threads.listThreadMessages(thread.id, 2, ...cursor));
    assert.deepEqual(pages.map(ids), [[sent[2].id, sent[1].id], [sent[0].id]]);
    await refused(400, threads.sendThreadMessage(thread.id, { type: 'TEXT' }));
    await refused(400, threads.listThreadMessages(thread.id, 0));
  },

  async 'keystrokes in a thread are told'(world) {
    const threads = world.api('Threads');
    const { jane, john, thread, channel } = await mainThread(world);
    const session = await world.open(jane, channel);
    const told = await threads.sendThreadKeystrokes(thread.id, { keys: 'hi', user: { id: john.id } });
    assert.deepEqual([told.keys, told.username], ['hi', john.name]);
    assert.equal((await session.push('keystrokes')).keys, 'hi');
    await refused(404, threads.sendThreadKeystrokes(thread.id, { keys: 'hi', user: { username: world.unique('nobody') } }));
  },
};
