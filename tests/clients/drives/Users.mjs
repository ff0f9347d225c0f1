import assert from 'node:assert/strict';
import { cursored, ids, linked, paged, refused, wholeCursor } from '../world.mjs';

export default {
  async 'a user is created and retrieved'(world) {
    const users = world.api('Users');
    const name = world.unique('jane');
    const made = await users.createUser({ name, displayName: 'Jané D.', isGuest: false, properties: { someKey: [1] } });
    linked(made, 'self', 'channels', 'notifications', 'displayPicture', 'application');
    assert.equal(made.name, name);
    assert.equal(made.displayName, 'Jané D.');
    assert.equal(made.type, 'PERSON');
    assert.equal(made.isGuest, false);
    assert.equal(made.callStatus, 'AVAILABLE');
    assert.deepEqual(made.presence, { status: 'UNAVAILABLE', online: false });
    assert.deepEqual(made.properties, { someKey: [1] });
    assert.ok(made._links.self.href.endsWith(`/users/${made.id}`));
    assert.equal((await fetch(made.displayPictureUrl)).status, 200, made.displayPictureUrl);
    assert.deepEqual(await users.retrieveUser(made.id), made);
  },

  async 'each generation reads its own spelling'(world) {
    await world.user();
    const raw = world.last.data;
    assert.equal('display_name' in raw, !world.isFirst);
    assert.equal('displayName' in raw, world.isFirst);
    assert.ok('isGuest' in raw);
  },

  async 'what cannot be is refused'(world) {
    const users = world.api('Users');
    const { name } = await world.user();
    await refused(400, users.createUser({ name: '', displayName: 'x', isGuest: false }));
    await refused(400, users.createUser({ name: world.unique('x') }));
    const again = users.createUser({ name, displayName: 'x', isGuest: false });
    await again.then(() => assert.fail('one name, two users'), (error) => assert.ok([400, 409].includes(error.response.status)));
    await refused(404, users.retrieveUser(9007199254740000));
    await refused(400, users.listUsers(0, 0));
  },

  async 'a name is checked for its user'(world) {
    const users = world.api('Users');
    const { name } = await world.user({ name: world.unique('two words & more') });
    await users.checkUserExists(name);
    assert.equal(world.last.status, 200);
    await refused(404, users.checkUserExists(world.unique('nobody')));
  },

  async 'users are listed by page, sorted and by name'(world) {
    const users = world.api('Users');
    const [first, second] = [await world.user(), await world.user()];
    const newest = paged(await users.listUsers(0, 2, ['createdTime,desc']), 'users');
    assert.deepEqual(ids(newest), [second.id, first.id]);
    const next = await users.listUsers(1, 1, ['createdTime,desc', 'name,asc']);
    assert.deepEqual(ids(paged(next, 'users')), [first.id]);
    assert.ok(next._links.next.href.includes('page=2'));
    const named = paged(await users.listUsers(0, 25, undefined, first.name), 'users');
    assert.deepEqual(ids(named), [first.id]);
  },

  'users are listed by properties and by unread': later(async (world) => {
    const users = world.api('Users');
    const team = world.unique('team');
    const [reader, sender] = [await world.user({ properties: { team } }), await world.user()];
    const filter = JSON.stringify({ team });
    const found = await users.listUsers(0, 25, undefined, undefined, undefined, filter);
    assert.deepEqual(ids(paged(found, 'users')), [reader.id]);
    await world.text(await world.channel([reader, sender]), sender, 'unread');
    const unread = (flag) => users.listUsers(0, 25, undefined, undefined, flag, filter);
    assert.deepEqual(ids(paged(await unread(true), 'users')), [reader.id]);
    assert.deepEqual(paged(await unread(false), 'users'), []);
  }),

  async 'a user is patched'(world) {
    const users = world.api('Users');
    const { id } = await world.user({ properties: { kept: 1, gone: 2 } });
    const patched = await users.updateUser(id, { displayName: 'New', presence: { status: 'busy' }, properties: { gone: null, new: 3 } });
    assert.equal(patched.displayName, 'New');
    assert.equal(patched.presence.status, 'busy');
    assert.deepEqual(patched.properties, { kept: 1, new: 3 });
    await refused(400, users.updateUser(id, { displayName: 7 }));
  },

  async 'a deleted user is gone'(world) {
    const users = world.api('Users');
    const { id } = await world.user();
    const application = await users.deleteUser(id);
    assert.ok(application.key);
    await refused(404, users.retrieveUser(id));
    await refused(404, users.deleteUser(id));
  },

  async 'the channels of a user are listed'(world) {
    const users = world.api('Users');
    const user = await world.user();
    const channel = await world.channel([user]);
    await world.channel();
    const channels = paged(await users.listUserChannels(user.id, 0, 25, ['name,asc']), 'channels');
    assert.deepEqual(ids(channels), [channel.id]);
    await refused(404, users.listUserChannels(9007199254740000));
  },

  async 'the messages of a user are listed by cursor, and those he has not read'(world) {
    const users = world.api('Users');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    const sent = [];
    for (const body of ['one', 'two', 'three']) sent.push(await world.text(channel, jane, body));
    const pages = await wholeCursor((...cursor) => users.listUserMessages(jane.id, 2, ...cursor));
    assert.deepEqual(pages.map(ids), [[sent[2].id, sent[1].id], [sent[0].id]]);
    const unread = (user) => users.listUserMessages(user.id, 25, undefined, undefined, undefined, true);
    assert.equal(cursored(await unread(john)).length, 3);
    assert.deepEqual(cursored(await unread(jane)), []);
  },

  'unread messages are counted': later(async (world) => {
    const users = world.api('Users');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    await world.text(channel, jane, 'one');
    await world.text(channel, jane, 'two');
    assert.deepEqual(await users.countUserUnreadMessages(john.id), { count: 2 });
    assert.deepEqual(await users.countUserUnreadMessages(jane.id), { count: 0 });
  }),

  async 'who was not there is notified'(world) {
    const users = world.api('Users');
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    const message = await world.text(channel, jane, `hello @${john.name}`);
    const data = await eventually(() => users.listUserNotifications(john.id, 10), ({ _embedded }) => _embedded?.notifications?.length);
    const [notification] = cursored(data, 'notifications');
    linked(notification, 'recipient', 'application');
    assert.ok(notification.title && notification.body);
    assert.equal(notification.muted, false);
    assert.equal(notification.channel.id, channel.id);
    assert.equal(notification.data.channelId, channel.id);
    assert.equal(notification.data.message.id, message.id);
    assert.ok(notification.data.type.startsWith('USER:'), notification.data.type);
    assert.deepEqual(cursored(await users.listUserNotifications(jane.id, 10), 'notifications'), []);
  },

  async 'a display picture that is elsewhere'(world) {
    const users = world.api('Users');
    const { id } = await world.user();
    const url = 'https://example.com/pictures/1.png';
    const user = await users.updateUserDisplayPicture(id, { url, name: '1.png', contentType: 'image/png', size: 1024 });
    assert.equal(user.id, id);
    assert.equal(user.displayPictureUrl, url);
    await refused(400, users.updateUserDisplayPicture(id, { name: '1.png' }));
  },

  async 'a secret is set, read and removed'(world) {
    const users = world.api('Users');
    const { id } = await world.user();
    const name = 'A name/x';
    const secret = { refreshToken: 'r', nested_key: { b: 1 } };
    assert.equal((await users.setUserSecret(id, name, { secret })).id, id);
    assert.deepEqual(await users.retrieveUserSecret(id, name), { secret });
    assert.equal((await users.removeUserSecret(id, name)).id, id);
    await refused(404, users.retrieveUserSecret(id, name));
  },
};

function later(drive) {
  return Object.assign(drive, { later: true });
}

async function eventually(ask, isDone) {
  for (;;) {
    const data = await ask();
    if (isDone(data)) return data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
