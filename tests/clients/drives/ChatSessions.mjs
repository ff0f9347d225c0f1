import assert from 'node:assert/strict';
import { linked, paged, refused } from '../world.mjs';

export default {
  async 'sessions in channels are listed by state'(world) {
    const sessions = world.api('ChatSessions');
    const jane = await world.user();
    await world.open(jane, await world.channel([jane]));
    const active = paged(await sessions.listChatSessions(0, 100, ['createdTime,desc'], 'ACTIVE'), 'sessions');
    const [found] = active.filter(({ session }) => session.user.id === jane.id);
    linked(found, 'session', 'channel', 'application');
    assert.equal(found.state, 'ACTIVE');
    const ended = paged(await sessions.listChatSessions(0, 100, undefined, 'ENDED'), 'sessions');
    assert.ok(ended.every(({ id, state }) => id !== found.id && state === 'ENDED'));
    await refused(400, sessions.listChatSessions(0, 25, undefined, 'DROWSY'));
  },
};
