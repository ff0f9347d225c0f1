import assert from 'node:assert/strict';
import { finished } from '../jobs.mjs';

async function exported(world, file) {
  const response = await fetch(file);
  assert.equal(response.status, 200, file);
  return response.text();
}

export default {
  async 'messages are exported'(world) {
    const jane = await world.user();
    const word = world.unique('exported');
    await world.text(await world.channel([jane]), jane, word);
    const job = await world.api('Analytics').exportMessageAnalytics();
    const { file } = await finished(world, job, 'MESSAGE_ANALYTICS_EXPORT');
    assert.ok((await exported(world, file)).includes(word));
  },

  async 'users are exported'(world) {
    const { name } = await world.user();
    const job = await world.api('Analytics').exportUserAnalytics();
    const { file } = await finished(world, job, job.type);
    assert.ok((await exported(world, file)).includes(name));
  },
};
