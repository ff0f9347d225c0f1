// Drives one API of one official client: `node drive.mjs`, told what by DRIVE (JSON).
// Prints a JSON line for each drive, then one with the operations nobody drove.

import { World } from './world.mjs';

const DEADLINE_MILLISECONDS = 20_000;
const { tag, ...server } = JSON.parse(process.env.DRIVE);
const print = (line) => console.log(JSON.stringify(line));
const world = new World(server);

if (tag === undefined) {
  print({ tags: world.tags });
} else {
  const { default: drives } = await import(`./drives/${tag}.mjs`);
  for (const [name, drive] of Object.entries(drives)) {
    if (world.isFirst && drive.later) continue; // the older client has no such operation
    print({ drive: name, failure: await failure(drive) });
  }
  print({ undriven: world.operations(tag).filter((name) => !world.driven.has(name)) });
  world.close();
}

async function failure(drive) {
  const late = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  const deadline = new Promise((_, reject) => late.addEventListener('abort', () => reject(late.reason)));
  try {
    await Promise.race([drive(world), deadline]);
    return null;
  } catch (error) {
    const answer = error.response && ` ${error.response.status} ${JSON.stringify(error.response.data)}`;
    const asked = error.config && ` ${error.config.method} ${error.config.url}`;
    return `${error.stack ?? error}${asked ?? ''}${answer ?? ''}`;
  }
}
