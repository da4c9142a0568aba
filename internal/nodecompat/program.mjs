// This module builds and runs cnaught-sandbox, and connects the SDK to it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CNaughtApiClient } from '@cnaught/cnaught-node-sdk';

const root = fileURLToPath(new URL('../..', import.meta.url));

// startProgram starts the program. It returns the URL and the key of the API, which it
// reads from the program's output, and a function that stops the program.
export async function startProgram() {
    const dir = await mkdtemp(join(tmpdir(), 'cnaught-sandbox-'));
    const binary = join(dir, 'cnaught-sandbox');
    await promisify(execFile)('go', ['build', '-o', binary, './wrapper/sandbox/cnaught-sandbox'], { cwd: root });

    const child = spawn(binary, ['-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    let log = '';
    child.stderr.on('data', (text) => (log += text)); // The program logs one line for each request.
    const printed = {};
    for await (const line of createInterface({ input: child.stdout })) {
        const variable = /^\s*export (\w+)=(\S+)$/.exec(line);
        if (variable) printed[variable[1]] = variable[2];
        if (line.startsWith('Stop with')) break;
    }
    assert.ok(printed.CNAUGHT_BASE_URL && printed.CNAUGHT_API_KEY, `the program must print its URL and key\n${log}`);
    const stop = async () => {
        child.kill('SIGTERM');
        assert.deepEqual(await ended, { code: 0, signal: null }, log);
        await rm(dir, { recursive: true });
    };
    return { url: new URL(printed.CNAUGHT_BASE_URL), key: printed.CNAUGHT_API_KEY, stop };
}

// connect returns SDK clients with the right and with a wrong key, and functions that
// return parts of their latest answer.
//
// The SDK always builds an https URL. Version 2.8.0 has no option for the scheme, so its
// option fetch is used to change it.
export function connect({ url, key }) {
    const seen = {};
    const client = (apiKey) => new CNaughtApiClient(apiKey, {
        hostname: url.hostname,
        port: url.port,
        fetch: async (target, init) => {
            seen.response = await fetch(String(target).replace(/^https:/, 'http:'), init);
            return seen.response;
        }
    });
    return {
        client: client(key),
        otherKey: client('C0-sandbox-wrong'),
        lastHeader: (name) => seen.response.headers.get(name),
        lastStatus: () => seen.response.status,
        pages: url.origin
    };
}
