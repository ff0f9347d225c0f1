import assert from 'node:assert/strict';
import { refused } from '../world.mjs';

export default {
  async 'a version is retrieved'(world) {
    const versions = world.api('FunctionVersions');
    const one = await world.api('Runtime').createNodejsRuntimeFunction({
      type: 'user.sent.message', name: world.unique('function'), initializeAsynchronously: false,
    });
    const version = await world.api('Functions').createFunctionVersion(one.id, { handlerScript: 'return 1' });
    assert.deepEqual(await versions.retrieveFunctionVersion(version.id), version);
    await refused(404, versions.retrieveFunctionVersion(9007199254740000));
  },
};
