// report returns a function that runs a check and prints one line for it, and a function
// that prints the totals and returns the exit code.
export function report() {
    let passed = 0;
    const failures = [];
    return {
        check: async (name, fn) => {
            try {
                await fn();
                passed++;
                console.log(`ok    ${name}`);
            } catch (error) {
                failures.push(name);
                console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, '      ')}`);
            }
        },
        close: () => {
            console.log(`${passed} passed, ${failures.length} failed`);
            return failures.length === 0 ? 0 : 1;
        }
    };
}
