import assert from 'node:assert/strict';
import { finished } from '../jobs.mjs';
import { cursored, paged, refused } from '../world.mjs';

const file = (rows) => Buffer.from(JSON.stringify(rows));

/** Import and wait; the older client's own form is rejected by its own axios before it is sent. */
async function imported(world, call, type) {
  if (world.isFirst) {
    const error = await call.then(() => assert.fail('it could be sent'), (thrown) => thrown);
    assert.equal(error.response, undefined);
    return false;
  }
  await finished(world, await call, type);
  return true;
}

export default {
  async 'users are imported'(world) {
    const name = world.unique('imported');
    const row = { name, displayName: 'Imported', guest: false, properties: { someKey: 1 }, idempotencyKey: name };
    if (!(await imported(world, world.api('Imports').importUsers(file([row])), 'USER_IMPORT'))) return;
    const [user] = paged(await world.api('Users').listUsers(0, 25, undefined, name), 'users');
    assert.equal(user.displayName, 'Imported');
    assert.deepEqual(user.properties, { someKey: 1 });
  },

  async 'channels are imported'(world) {
    const jane = await world.user();
    const name = world.unique('imported');
    const row = { type: 'PUBLIC', name, displayName: 'Imported', creator: jane.name, members: [jane.name], properties: {} };
    if (!(await imported(world, world.api('Imports').importChannels(file([row])), 'CHANNEL_IMPORT'))) return;
    const [channel] = paged(await world.api('Users').listUserChannels(jane.id), 'channels');
    assert.equal(channel.name, name);
  },

  async 'members of a channel are imported'(world) {
    const jane = await world.user();
    const { id } = await world.channel();
    const call = world.api('Imports').importChannelMembers(id, file([{ username: jane.name }]));
    if (!(await imported(world, call, 'CHANNEL_MEMBERS_IMPORT'))) return;
    const [member] = paged(await world.api('Channels').listChannelMembers(id), 'users');
    assert.equal(member.id, jane.id);
  },

  async 'messages are imported'(world) {
    const jane = await world.user();
    const { id } = await world.channel([jane]);
    const row = { type: 'TEXT', body: 'from before', user: jane.name, channelId: id, properties: {}, idempotencyKey: world.unique('key') };
    if (!(await imported(world, world.api('Imports').importMessages(file([row, row])), 'MESSAGE_IMPORT'))) return;
    const messages = cursored(await world.api('Channels').listChannelMessages(id));
    assert.deepEqual(messages.map(({ body }) => body), ['from before']);
  },

  async 'members of no channel are refused'(world) {
    if (world.isFirst) return;
    await refused(404, world.api('Imports').importChannelMembers(9007199254740000, file([])));
  },
};
