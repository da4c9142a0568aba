// Runs the vendor's own Node SDK, unchanged, against the program
// cnaught-sandbox, and compares what it gets with what the vendor's integration
// tests expected of the vendor's sandbox before 2026-01-14. Prints one line for
// each check. The exit code is 1 if any failed.
//
// The newest SDK in the npm registry is 2.8.0. The facts come from the vendor's
// repository at 3.1.0; what changed between the two is said where it matters.
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
    await check('program: it stops cleanly on a signal', program.stop);
}
process.exitCode = close();
