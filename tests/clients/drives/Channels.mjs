import assert from 'node:assert/strict';
import { cursored, ids, linked, paged, refused, wholeCursor } from '../world.mjs';

const NOWHERE = 9007199254740000;
const MANY = ['participants', 'messages', 'events', 'memberships', 'members', 'moderators'];

export default {
  async 'channels of the three types are made, and an equal one is answered again'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const name = world.unique('room');
    const room = await channels.createChannel({ type: 'PUBLIC', name, displayName: 'Room', creator: { id: jane.id }, properties: { someKey: 1 } });
    linked(room, 'self', ...MANY, 'application');
    assert.equal(room.name, name);
    assert.equal(room.displayName, 'Room');
    assert.equal(room.creator.id, jane.id);
    assert.deepEqual(room.properties, { someKey: 1 });
    assert.equal((await channels.createChannel({ type: 'PUBLIC', name })).id, room.id);
    const hidden = await channels.createChannel({ type: 'PRIVATE', name: world.unique('private') });
    assert.equal(hidden.type, 'PRIVATE');
    const members = [{ username: jane.name }, { id: john.id }];
    const direct = await channels.createChannel({ type: 'DIRECT', members });
    linked(direct, 'self', 'participants', 'messages', 'events', 'application');
    assert.deepEqual(ids(direct.members).toSorted(), [jane.id, john.id].toSorted());
    assert.equal((await channels.createChannel({ type: 'DIRECT', members: members.toReversed() })).id, direct.id);
  },

  async 'what cannot be is refused'(world) {
    const channels = world.api('Channels');
    await refused(400, channels.createChannel({ type: 'SQUARE', name: 'x' }));
    await refused(404, channels.retrieveChannel(NOWHERE));
    await refused(404, channels.createChannel({ type: 'PUBLIC', creator: { username: world.unique('nobody') } }));
    await refused(400, channels.listChannels(0, 25, ['colour,asc']));
  },

  async 'a channel is retrieved, patched and deleted'(world) {
    const channels = world.api('Channels');
    const { id } = await world.channel([], { properties: { kept: 1, gone: 2 } });
    const patched = await channels.updateChannel(id, { displayName: 'New', properties: { gone: null } });
    assert.equal(patched.displayName, 'New');
    assert.deepEqual(patched.properties, { kept: 1 });
    assert.deepEqual(await channels.retrieveChannel(id), patched);
    assert.ok((await channels.deleteChannel(id)).key);
    await refused(404, channels.retrieveChannel(id));
  },

  async 'channels are listed by type, members, time and properties'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const team = world.unique('team');
    const both = await world.channel([jane, john], { properties: { team } });
    const own = await world.channel([jane], { type: 'PRIVATE' });
    const list = async (...filters) => ids(paged(await channels.listChannels(0, 25, ['createdTime,asc'], ...filters), 'channels'));
    assert.deepEqual(await list(undefined, new Set([jane.name])), [both.id, own.id]);
    assert.deepEqual(await list(undefined, new Set([jane.name, john.name])), [both.id]);
    assert.deepEqual(await list('PRIVATE', new Set([jane.name])), [own.id]);
    assert.deepEqual(await list(undefined, undefined, undefined, undefined, JSON.stringify({ team })), [both.id]);
    const early = new Date(Date.parse(both.createdTime) - 60_000).toISOString();
    assert.deepEqual(await list(undefined, new Set([jane.name]), early, new Date(Date.now() + 60_000).toISOString()), [both.id, own.id]);
    assert.deepEqual(await list(undefined, new Set([jane.name]), undefined, early), []);
  },

  async 'members are added, listed and removed'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane]);
    assert.equal((await channels.addChannelMember(channel.id, { username: john.name })).id, channel.id);
    const members = paged(await channels.listChannelMembers(channel.id, 0, 25, ['createdTime,asc']), 'users');
    assert.deepEqual(ids(members), [jane.id, john.id]);
    const memberships = paged(await channels.listChannelMemberships(channel.id, 1, 1), 'memberships');
    linked(memberships[0], 'user', 'channel', 'member', 'application');
    assert.ok(memberships[0]._links.member.href.endsWith(`/channels/${channel.id}/members/${john.id}`));
    assert.equal((await channels.removeChannelMember(channel.id, john.id)).id, channel.id);
    assert.deepEqual(ids(paged(await channels.listChannelMembers(channel.id), 'users')), [jane.id]);
    await refused(404, channels.addChannelMember(channel.id, { id: NOWHERE }));
    await refused(400, channels.addChannelMember(channel.id, {}));
  },

  async 'moderators are named, listed and dismissed'(world) {
    const channels = world.api('Channels');
    const jane = await world.user();
    const channel = await world.channel([jane]);
    assert.equal((await channels.addChannelModerator(channel.id, { id: jane.id })).name, jane.name);
    assert.deepEqual(ids(paged(await channels.listChannelModerators(channel.id, 0, 10), 'users')), [jane.id]);
    assert.equal((await channels.removeChannelModerator(channel.id, jane.id)).id, channel.id);
    assert.deepEqual(paged(await channels.listChannelModerators(channel.id), 'users'), []);
  },

  async 'a participant is a member who has the channel open'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    assert.deepEqual(paged(await channels.listChannelParticipants(channel.id), 'users'), []);
    await world.open(jane, channel);
    assert.deepEqual(ids(paged(await channels.listChannelParticipants(channel.id, 0, 5), 'users')), [jane.id]);
  },

  async 'people are invited'(world) {
    const channels = world.api('Channels');
    const jane = await world.user();
    const channel = await world.channel();
    const invite = await channels.sendChannelInvite(channel.id, { user: { id: jane.id } });
    linked(invite, 'invitee', 'channel', 'application');
    const invites = paged(await channels.listChannelInvites(channel.id, 0, 25), 'invites');
    assert.ok(invites[0]._links.invitee.href.endsWith(`/users/${jane.id}`));
    await refused(400, channels.sendChannelInvite(channel.id, { user: {} }));
  },

  async 'messages are sent for a user and as the system'(world) {
    const channels = world.api('Channels');
    const jane = await world.user();
    const channel = await world.channel([jane]);
    const text = await channels.sendChannelMessage(channel.id, {
      type: 'TEXT', body: 'see https://example.com/', groupTag: 'tag', properties: { someKey: 1 }, user: { username: jane.name },
    });
    linked(text, 'self', 'user', 'channel', 'application');
    assert.equal(text.type, 'TEXT');
    assert.equal(text.user.id, jane.id);
    assert.equal(text.channelId, channel.id);
    assert.equal(text.groupTag, 'tag');
    assert.equal(text.nestedLevel, 0);
    assert.equal(text.links[0].source, 'https://example.com/');
    const system = await channels.sendChannelMessage(channel.id, { type: 'TEXT', body: 'maintenance', properties: {} });
    linked(system, 'self', 'channel', 'application');
    assert.equal(system.type, 'SYSTEM_TEXT');
    const file = { url: 'https://example.com/a.pdf', name: 'a.pdf', contentType: 'application/pdf', size: 9 };
    const sent = await channels.sendChannelMessage(channel.id, { type: 'FILE', file, user: { id: jane.id }, properties: {} });
    assert.equal(sent.type, 'FILE');
    assert.deepEqual(sent.file, { type: 'EXTERNAL', ...file });
    const last = (await channels.retrieveChannel(channel.id)).lastReceivedMessage;
    assert.equal(last.id, sent.id);
    await refused(404, channels.sendChannelMessage(NOWHERE, { type: 'TEXT', body: 'x' }));
    await refused(400, channels.sendChannelMessage(channel.id, { type: 'TEXT' }));
  },

  async 'messages are listed by cursor, both ways, by sender and by text'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    const sent = [];
    for (const body of ['one', 'two', 'three', 'four', 'five']) sent.push(await world.text(channel, body === 'two' ? john : jane, body));
    const newest = ids(sent).toReversed();
    const list = (...cursor) => channels.listChannelMessages(channel.id, 2, ...cursor);
    assert.deepEqual((await wholeCursor(list)).map(ids), [newest.slice(0, 2), newest.slice(2, 4), newest.slice(4)]);
    const first = await list();
    const second = await list(Number(first.page.start), Number(first.page.next), 'NEXT');
    const back = await list(Number(second.page.start), Number(second.page.next), 'PREVIOUS');
    assert.deepEqual(ids(cursored(back)), newest.slice(0, 2));
    const filtered = async (...filters) => ids(cursored(await channels.listChannelMessages(channel.id, 25, undefined, undefined, undefined, ...filters)));
    assert.deepEqual(await filtered(john.name), [sent[1].id]);
    assert.deepEqual(await filtered(undefined, 'THR'), [sent[2].id]);
  },

  async 'an event reaches who has the channel open'(world) {
    const channels = world.api('Channels');
    const jane = await world.user();
    const channel = await world.channel([jane]);
    const session = await world.open(jane, channel);
    const event = await channels.sendChannelEvent(channel.id, { type: 'deal.won', properties: { someKey: 2 } });
    linked(event, 'application');
    assert.equal(event.type, 'deal.won');
    assert.deepEqual(event.properties, { someKey: 2 });
    const push = await session.push('event');
    assert.equal(push.name, 'deal.won');
    assert.deepEqual(push.data, { someKey: 2 });
  },

  async 'keystrokes reach who has the channel open'(world) {
    const channels = world.api('Channels');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    const session = await world.open(jane, channel);
    const told = await channels.sendChannelKeystrokes(channel.id, { keys: 'hel', user: { username: john.name } });
    assert.equal(told.keys, 'hel');
    assert.equal(told.username, john.name);
    assert.equal((await session.push('keystrokes')).keys, 'hel');
    await refused(400, channels.sendChannelKeystrokes(channel.id, { user: { id: john.id } }));
  },

  'reported messages are listed': Object.assign(async (world) => {
    const channels = world.api('Channels');
    const channel = await world.channel();
    await world.text(channel, null, 'nobody minds');
    assert.deepEqual(paged(await channels.listChannelReportedMessages(channel.id, 0, 25), 'messages'), []);
    await refused(404, channels.listChannelReportedMessages(NOWHERE));
  }, { later: true }),
};
