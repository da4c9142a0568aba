// This module has helpers for the checks of several resources.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { CNaughtError } from '@cnaught/cnaught-node-sdk';

export const newKey = () => randomBytes(16).toString('hex');

// timestamp matches the API's timestamps, which are in UTC, with a Z and six digits after
// the second.
export const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

// includes checks that a value has certain members, comparing them deeply.
export function includes(value, members) {
    for (const [name, want] of Object.entries(members)) {
        assert.deepEqual(value[name], want, name);
    }
}

// rejected checks that a promise is rejected with the SDK's error class and with the
// status, type and title of a problem, and returns the error.
export async function rejected(promise, status, type, title) {
    const error = await promise.then(
        (value) => assert.fail(`the request was accepted: ${JSON.stringify(value)}`),
        (error) => error
    );
    assert.ok(error instanceof CNaughtError, String(error.stack));
    assert.equal(error.status, status);
    assert.equal(error.problemDetails.status, status);
    assert.equal(error.problemDetails.type, type);
    if (title !== undefined) {
        assert.equal(error.problemDetails.title, title);
        assert.equal(error.message, title, 'the message of the error must be the title');
    }
    assert.match(error.response.headers.get('content-type'), /^application\/problem\+json\b/);
    return error;
}
