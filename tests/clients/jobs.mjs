// Following a job until it has ended.

import assert from 'node:assert/strict';
import { linked } from './world.mjs';

const POLL_MILLISECONDS = 50;

/** Assert that a job was accepted and wait for its end; answers it as it is then. */
export async function finished(world, job, type) {
  assert.equal(world.last.status, 202);
  linked(job, 'self', 'application');
  assert.equal(job.type, type);
  assert.ok(['PENDING', 'RUNNING', 'FINISHED'].includes(job.state), job.state);
  let current = job;
  while (!current.endedTime) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    current = await world.api('Jobs').retrieveJob(job.id);
  }
  assert.equal(current.state, 'FINISHED', JSON.stringify(current));
  return current;
}
