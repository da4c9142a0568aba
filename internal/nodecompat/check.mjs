// This program runs the vendor's own Node SDK, unchanged, against the program
// cnaught-sandbox. It compares the results with those that the vendor's integration
// tests expected of the vendor's sandbox until 2026-01-14. It prints one line for each
// check, and its exit code is 1 if any check failed.
//
// The newest version of the SDK in the npm registry is 2.8.0, but the expected results
// come from version 3.1.0 in the vendor's repository. Comments say where the two differ.
import { readFile } from 'node:fs/promises';
import { connect, startProgram } from './program.mjs';
import { report } from './report.mjs';

const sdk = JSON.parse(await readFile(new URL('node_modules/@cnaught/cnaught-node-sdk/package.json', import.meta.url)));
console.log(`${sdk.name} ${sdk.version}, Node ${process.version}`);

const program = await startProgram();
const { check, close } = report();
try {
    const connection = connect(program);
    for (const resource of ['orders', 'quotes', 'subaccounts', 'impact', 'catalog', 'checkout', 'errors', 'control']) {
        const { default: run } = await import(`./checks/${resource}.mjs`);
        await run((name, fn) => check(`${resource}: ${name}`, fn), connection);
    }
} finally {
    await check('program: stops cleanly on a signal', program.stop);
}
process.exitCode = close();
