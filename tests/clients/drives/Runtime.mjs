import assert from 'node:assert/strict';
import { ids, linked, paged, refused } from '../world.mjs';

export default {
  async 'the runtime is retrieved'(world) {
    const runtime = await world.api('Runtime').retrieveNodejsRuntime();
    linked(runtime, 'self', 'dependencies', 'initializationScript', 'functions', 'application');
    assert.equal(runtime.type, 'NODEJS');
    assert.ok(runtime.id && runtime.version);
  },

  async 'dependencies, environment variables and the first script are set'(world) {
    const api = world.api('Runtime');
    const dependency = { name: 'left-pad', version: '1.3.0', defaultDependency: false };
    const { dependencies } = await api.updateNodejsRuntimeDependencies([dependency]);
    assert.ok(dependencies.some(({ name, version }) => name === 'left-pad' && version === '1.3.0'), JSON.stringify(dependencies));
    const variables = { API_HOST: 'example.com', log_level: 'debug' };
    assert.deepEqual((await api.updateNodejsRuntimeEnvironmentVariables(variables)).environmentVariables, variables);
    const script = 'const started = Date.now()';
    assert.equal((await api.updateNodejsRuntimeInitializationScript({ script })).initializationScript.script, script);
    const runtime = await api.retrieveNodejsRuntime();
    assert.equal(runtime.initializationScript.script, script);
    assert.deepEqual(runtime.environmentVariables, variables);
    await refused(400, api.updateNodejsRuntimeInitializationScript({}));
  },

  async 'functions are made and listed'(world) {
    const api = world.api('Runtime');
    const name = world.unique('greet');
    const made = await api.createNodejsRuntimeFunction({ type: 'user.sent.message', name, description: 'Greets', initializeAsynchronously: false });
    linked(made, 'self', 'versions', 'invocations', 'currentVersion', 'application');
    assert.equal(made.name, name);
    assert.equal(made.type, 'user.sent.message');
    assert.equal(made.description, 'Greets');
    assert.equal(typeof made.enabled, 'boolean');
    assert.equal(typeof made.currentVersionNumber, 'number');
    assert.equal(made.runtime.type, 'NODEJS');
    assert.ok(ids(paged(await api.listNodejsRuntimeFunctions(0, 100), 'functions')).includes(made.id));
    await refused(400, api.createNodejsRuntimeFunction({ name }));
  },
};
