import assert from 'node:assert/strict';
import { linked, paged, refused } from '../world.mjs';

export default {
  async 'sessions of users are listed by state'(world) {
    const sessions = world.api('UserSessions');
    const jane = await world.user();
    await world.open(jane, await world.channel([jane]));
    const active = paged(await sessions.listUserSessions(0, 100, ['createdTime,desc'], 'ACTIVE'), 'sessions');
    const [found] = active.filter(({ user }) => user.id === jane.id);
    linked(found, 'user', 'application');
    assert.equal(found.state, 'ACTIVE');
    assert.equal(found.user.presence.online, true);
    const ended = paged(await sessions.listUserSessions(0, 100, undefined, 'ENDED'), 'sessions');
    assert.ok(ended.every(({ id, state }) => id !== found.id && state === 'ENDED'));
    await refused(400, sessions.listUserSessions(0, 25, undefined, 'DROWSY'));
  },
};
