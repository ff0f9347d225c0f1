import assert from 'node:assert/strict';
import { ids, linked, paged, refused } from '../world.mjs';

function made(world) {
  const name = world.unique('function');
  return world.api('Runtime').createNodejsRuntimeFunction({ type: 'user.sent.message', name, initializeAsynchronously: false });
}

export default {
  async 'a function is retrieved'(world) {
    const functions = world.api('Functions');
    const one = await made(world);
    assert.deepEqual(await functions.retrieveFunction(one.id), one);
    await refused(404, functions.retrieveFunction(9007199254740000));
  },

  async 'versions are made, listed, and the newest is current'(world) {
    const functions = world.api('Functions');
    const { id } = await made(world);
    const first = await functions.createFunctionVersion(id, { handlerScript: 'return 1' });
    const second = await functions.createFunctionVersion(id, { handlerScript: 'return 2' });
    linked(second, 'self', 'application');
    assert.equal(second.handlerScript, 'return 2');
    assert.equal(second.versionNumber, first.versionNumber + 1);
    assert.deepEqual(await functions.retrieveFunctionCurrentVersion(id), second);
    assert.equal((await functions.retrieveFunction(id)).currentVersionNumber, second.versionNumber);
    const versions = ids(paged(await functions.listFunctionVersions(id, 0, 25), 'versions'));
    assert.ok(versions.includes(first.id) && versions.includes(second.id));
    await refused(400, functions.createFunctionVersion(id, {}));
  },

  async 'a function nobody ran has no invocations'(world) {
    const functions = world.api('Functions');
    const { id } = await made(world);
    assert.deepEqual(paged(await functions.listFunctionInvocations(id, 0, 25), 'invocations'), []);
    await refused(404, functions.listFunctionInvocations(9007199254740000));
  },
};
