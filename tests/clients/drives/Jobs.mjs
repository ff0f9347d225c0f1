import assert from 'node:assert/strict';
import { finished } from '../jobs.mjs';
import { ids, linked, paged, refused } from '../world.mjs';

// The older client can start no job in Node, so the newer one's address is asked directly.
async function start(world) {
  const token = await world.client.apiConfiguration.accessToken();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${world.origin}/v1/analytics/messages`, { method: 'POST', headers });
  world.last = response;
  return response.json();
}

export default {
  async 'a job is retrieved and listed, also by running'(world) {
    const jobs = world.api('Jobs');
    const job = await finished(world, await start(world), 'MESSAGE_ANALYTICS_EXPORT');
    linked(job, 'self', 'file', 'csv', 'application');
    assert.deepEqual(await jobs.retrieveJob(job.id), job);
    const list = async (running) => ids(paged(await jobs.listJobs(0, 100, ['createdTime,desc'], running), 'jobs'));
    assert.equal((await list())[0], job.id);
    assert.ok((await list(false)).includes(job.id));
    assert.ok(!(await list(true)).includes(job.id));
    await refused(404, jobs.retrieveJob(9007199254740000));
  },
};
