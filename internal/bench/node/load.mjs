// Makes calls with the vendor's SDK. Each line of the input says how many at a
// time and how many in all; the answer is the time that took, in nanoseconds.
//
// Usage: node load.mjs HOST PORT KEY SESSION
import { createInterface } from 'node:readline';
import { CNaughtApiClient } from '@cnaught/cnaught-node-sdk';

const [hostname, port, key, id] = process.argv.slice(2);
// The SDK speaks https only; the server, for both clients, plain http.
const plainHTTP = (url, init) => fetch(url.replace(/^https:/, 'http:'), init);
const client = new CNaughtApiClient(key, { hostname, port: Number(port), fetch: plainHTTP });

async function load(atATime, calls) {
    let begun = 0;
    const worker = async () => {
        while (begun++ < calls) {
            const session = await client.getCheckoutSession(id);
            if (session.id !== id) throw new Error(`unexpected answer: ${JSON.stringify(session)}`);
        }
    };
    const started = process.hrtime.bigint();
    await Promise.all(Array.from({ length: atATime }, worker));
    return process.hrtime.bigint() - started;
}

for await (const line of createInterface({ input: process.stdin })) {
    console.log(String(await load(...line.split(' ').map(Number))));
}
process.exit(); // without waiting for connections that are kept open
