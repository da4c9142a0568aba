// Builds and runs cnaught-sandbox, and connects the SDK to it.
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

// startProgram returns the program's API URL and key, which it reads from the lines
// that the program prints, and a function that stops it.
export async function startProgram() {
    const dir = await mkdtemp(join(tmpdir(), 'cnaught-sandbox-'));
    const binary = join(dir, 'cnaught-sandbox');
    await promisify(execFile)('go', ['build', '-o', binary, './wrapper/sandbox/cnaught-sandbox'], { cwd: root });

    const child = spawn(binary, ['-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    let log = '';
    child.stderr.on('data', (text) => (log += text)); // one line for each request
    const said = {};
    for await (const line of createInterface({ input: child.stdout })) {
        const variable = /^\s*export (\w+)=(\S+)$/.exec(line);
        if (variable) said[variable[1]] = variable[2];
        if (line.startsWith('Stop with')) break;
    }
    assert.ok(said.CNAUGHT_BASE_URL && said.CNAUGHT_API_KEY, `the program prints its URL and key\n${log}`);
    const stop = async () => {
        child.kill('SIGTERM');
        assert.deepEqual(await ended, { code: 0, signal: null }, log);
        await rm(dir, { recursive: true });
    };
    return { url: new URL(said.CNAUGHT_BASE_URL), key: said.CNAUGHT_API_KEY, stop };
}

// connect returns SDK clients and what their latest answer was.
//
// The SDK always builds an https URL. Version 2.8.0 has options for the host, the
// port and the version only, so its fetch option changes the scheme.
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
