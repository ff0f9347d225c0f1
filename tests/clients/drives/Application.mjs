import assert from 'node:assert/strict';
import { linked, paged, refused } from '../world.mjs';

const SETTINGS = { guestUsers: 'ENABLED', userCreatedChannels: 'ENABLED' };

// The older client has longer names for the same.
function operations(world) {
  const application = world.api('Application');
  return world.isFirst
    ? {
        retrieve: application.retrieveAuthenticatedApplication,
        settings: application.retrieveAuthenticatedApplicationSettings,
        update: application.updateAuthenticatedApplicationSettings,
      }
    : {
        retrieve: application.retrieveApplication,
        settings: application.retrieveApplicationSettings,
        update: application.updateApplicationSettings,
      };
}

export default {
  async 'the application is retrieved'(world) {
    const application = await operations(world).retrieve();
    linked(application, 'self');
    assert.ok(application.id > 0);
    assert.ok(application.key);
    assert.deepEqual(application.properties, {});
    assert.ok(Date.parse(application.createdTime));
  },

  async 'settings are changed and read'(world) {
    const { settings, update } = operations(world);
    const before = await settings();
    const { guestUsers, userCreatedChannels } = before;
    const wanted = { guestUsers: 'DISABLED', userCreatedChannels: 'ENABLED' };
    const changed = await update(wanted);
    assert.equal(changed.guestUsers, 'DISABLED');
    assert.equal(changed.features.userCreatedChannels, 'ENABLED');
    assert.deepEqual(await settings(), changed);
    await refused(400, update({ ...SETTINGS, guestUsers: 'PERHAPS' }));
    assert.deepEqual(await update({ guestUsers, userCreatedChannels }), before);
  },

  'unread counts are summed up': Object.assign(async (world) => {
    const [jane, john] = [await world.user(), await world.user()];
    const channel = await world.channel([jane, john]);
    await world.text(channel, jane, 'one');
    await world.text(channel, jane, 'two');
    const data = await world.api('Application').retrieveApplicationMessageReadReceiptSummaries({ page: 0, size: 1000 });
    const found = paged(data, 'summaries').filter((summary) => summary.channel.id === channel.id);
    assert.deepEqual(found.map(({ user, count }) => [user.id, count]), [[john.id, 2]]);
    linked(found[0], 'channel', 'user', 'application');
  }, { later: true }),

  async 'a wrong secret is refused where tokens are given'(world) {
    const stranger = new world.library.ChatKitty({
      clientId: 'nobody', clientSecret: 'wrong', basePath: `${world.origin}/v1`, authorizationBasePath: `${world.origin}/oauth/token`,
    });
    const api = stranger.ApplicationApi ?? stranger.Application;
    const call = world.isFirst ? api.retrieveAuthenticatedApplication() : api.retrieveApplication();
    const error = await call.catch((thrown) => thrown);
    assert.equal(error.response?.status, 401);
  },
};
