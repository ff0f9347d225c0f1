// What a drive works with: one official client against a running server, its operations counted,
// and the two generations' spellings evened out, so that a drive says each thing once.
//
// Rule: calls go through `api()`; whatever is called there counts as driven.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { Session } from './session.mjs';

const require = createRequire(import.meta.url);
const FREE = new Set(['properties', 'secret', '_links', 'environmentVariables', 'args', 'result']);

const toSnake = (name) => name.replace(/(?<=[a-z0-9])[A-Z]/g, (hump) => `_${hump.toLowerCase()}`);
const toCamel = (name) => name.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter) => letter.toUpperCase());
const isPlain = (value) => Object.getPrototypeOf(value ?? 0) === Object.prototype;

function respell(value, spelling) {
  if (Array.isArray(value)) return value.map((item) => respell(item, spelling));
  if (!isPlain(value)) return value;
  const spelt = ([key, item]) => [spelling(key), FREE.has(toCamel(key)) ? item : respell(item, spelling)];
  return Object.fromEntries(Object.entries(value).map(spelt));
}

export class World {
  constructor({ client, origin, clientId, clientSecret }) {
    this.library = require(client);
    this.isFirst = client === 'chatkitty-platform-sdk'; // of the two generations
    this.origin = origin;
    this.client = new this.library.ChatKitty({
      clientId,
      clientSecret,
      basePath: this.isFirst ? origin : `${origin}/v1`,
      authorizationBasePath: `${origin}/oauth/token`,
    });
    this.driven = new Set();
    this.sessions = [];
  }

  /** The names of the APIs in the package, also of those its facade leaves out. */
  get tags() {
    return Object.keys(this.library).filter((name) => name.endsWith('Api')).map((name) => name.slice(0, -3));
  }

  /** The instance of an API, as a user of the package gets it. */
  instance(tag) {
    const made = this.client[`${tag}Api`] ?? this.client[tag];
    return made ?? new this.library[`${tag}Api`](this.client.apiConfiguration);
  }

  operations(tag) {
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(this.instance(tag)));
    return names.filter((name) => name !== 'constructor');
  }

  /** An API whose methods take camelCase in bodies and resolve to the body of the response. */
  api(tag) {
    const instance = this.instance(tag);
    const call = (method) => async (...given) => {
      this.driven.add(method);
      assert.ok(instance[method], `the client has no ${tag}.${method}`);
      const values = this.isFirst ? given : given.map((value) => respell(value, toSnake));
      const response = await instance[method](...values);
      this.last = response;
      return respell(response.data, toCamel);
    };
    return new Proxy({}, { get: (_, method) => call(method) });
  }

  unique(prefix) {
    return `${prefix}-${randomUUID().slice(0, 8)}`;
  }

  user(fields = {}) {
    const name = fields.name ?? this.unique('user');
    return this.api('Users').createUser({ name, displayName: name, isGuest: false, properties: {}, ...fields });
  }

  channel(members = [], fields = {}) {
    const name = this.unique('channel');
    return this.api('Channels').createChannel({
      type: 'PUBLIC', name, displayName: name, properties: {}, members: members.map(({ id }) => ({ id })), ...fields,
    });
  }

  text(channel, user, body, fields = {}) {
    const message = { type: 'TEXT', body, properties: {}, ...fields };
    return this.api('Channels').sendChannelMessage(channel.id, user ? { ...message, user: { id: user.id } } : message);
  }

  /** The user with the channel open in a chat app. */
  async open(user, channel) {
    const token = await this.client.apiConfiguration.accessToken();
    const answer = await fetch(`${this.origin}/v1/users/${user.id}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{}',
    });
    const session = await Session.open(this.origin, (await answer.json()).token, channel.id);
    this.sessions.push(session);
    return session;
  }

  close() {
    for (const session of this.sessions) session.close();
  }
}

/** Assert that a call fails as the clients' users see it; answers the body of the refusal. */
export async function refused(status, call) {
  const error = await call.then((data) => assert.fail(`not refused: ${JSON.stringify(data)}`), (thrown) => thrown);
  assert.ok(error.isAxiosError, String(error.stack ?? error));
  assert.equal(error.response?.status, status, JSON.stringify(error.response?.data) ?? error.message);
  const { data } = error.response;
  if (status === 401 || status === 403) assert.ok(data.error && data.error_description, JSON.stringify(data));
  else if (data) assert.ok(data.error && data.message && data.timestamp, JSON.stringify(data));
  return data;
}

/** Assert the form of a page by number; answers its items. */
export function paged(data, name) {
  const items = data._embedded?.[name] ?? [];
  const { size, number, totalElements, totalPages } = data.page;
  assert.ok(data._links.self.href.includes('/v1/applications/'), data._links.self.href);
  assert.ok(items.length <= size);
  assert.equal(totalPages, Math.ceil(totalElements / size));
  assert.equal(Boolean(data._links.next), number + 1 < totalPages, 'a next link if there is more');
  assert.equal(Boolean(data._links.prev), number > 0, 'a prev link after the first page');
  return items;
}

/** Assert the form of a page by cursor; answers its items. */
export function cursored(data, name = 'messages') {
  const items = data._embedded?.[name] ?? [];
  assert.equal(typeof data.page.size, 'number');
  assert.ok(data._links.self.href);
  assert.equal(Boolean(data._links.next), data.page.next !== undefined);
  const ids = items.map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted((a, b) => b - a), 'newest first');
  return items;
}

/** Read every page of a cursor list as a client does: `list(start, next, relation)`. */
export async function wholeCursor(list, name = 'messages') {
  const pages = [];
  let cursor = [undefined, undefined, undefined];
  do {
    const data = await list(...cursor);
    pages.push(cursored(data, name));
    cursor = data.page.next && [Number(data.page.start), Number(data.page.next), 'NEXT'];
  } while (cursor);
  return pages;
}

/** Assert which relations a resource has; each leads below its application. */
export function linked(resource, ...relations) {
  assert.deepEqual(Object.keys(resource._links).toSorted(), relations.toSorted());
  for (const { href } of Object.values(resource._links)) assert.match(href, /\/v1\/applications\/\d+/);
}

export const ids = (items) => items.map(({ id }) => id);
