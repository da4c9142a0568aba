// What several resources have in common.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { CNaughtError } from '@cnaught/cnaught-node-sdk';

export const newKey = () => randomBytes(16).toString('hex');

// The API's timestamps: UTC, Z, six fractional digits.
export const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

// includes checks some members of a value, each for deep equality.
export function includes(value, members) {
    for (const [name, want] of Object.entries(members)) {
        assert.deepEqual(value[name], want, name);
    }
}

// rejected expects the SDK's own error class with the problem's type and title.
export async function rejected(promise, status, type, title) {
    const error = await promise.then(
        (value) => assert.fail(`it was accepted: ${JSON.stringify(value)}`),
        (error) => error
    );
    assert.ok(error instanceof CNaughtError, String(error.stack));
    assert.equal(error.status, status);
    assert.equal(error.problemDetails.status, status);
    assert.equal(error.problemDetails.type, type);
    if (title !== undefined) {
        assert.equal(error.problemDetails.title, title);
        assert.equal(error.message, title, 'the title is the message of the error');
    }
    assert.match(error.response.headers.get('content-type'), /^application\/problem\+json\b/);
    return error;
}
