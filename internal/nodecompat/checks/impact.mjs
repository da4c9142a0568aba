import assert from 'node:assert/strict';
import { includes, newKey, timestamp } from './expect.mjs';

const sameInstant = (got, want) => assert.equal(new Date(got).getTime(), want.getTime());

export default async function (check, { pages, client }) {
    const from = new Date('2024-01-01T00:00:00Z');
    const to = new Date('2024-02-01T00:00:00Z');

    await check('data', async () => {
        const data = await client.getImpactData();
        includes(data, { name: 'CNaught', since_date: '2023-09-26T00:18:51.764508Z', to_date: null });
        assert.deepEqual(data.categories.map(({ category }) => category.name), ['Emissions reductions']);
        for (const name of ['cars_off_the_road', 'trees_planted', 'homes_annual_energy_usage', 'flights_lax_to_nyc']) {
            assert.equal(typeof data.equivalents[name], 'number', name);
        }
        for (const { offset_kgs, projects } of data.categories) {
            assert.equal(typeof offset_kgs, 'number');
            assert.ok(projects.every(({ project, vintages }) => project.id && typeof vintages === 'string'));
        }
    });

    await check('data of January 2024', async () => {
        const data = await client.getImpactData({ from, to });
        assert.equal(data.total_offset_kgs, 1571);
        sameInstant(data.since_date, from);
        sameInstant(data.to_date, to);
    });

    await check('data since a day, and until a day', async () => {
        const since = await client.getImpactData({ from: to });
        sameInstant(since.since_date, to);
        assert.equal(since.to_date, null);
        const until = await client.getImpactData({ to: from });
        sameInstant(until.to_date, from);
        assert.equal(until.since_date, '2023-09-26T00:18:51.764508Z');
    });

    await check('data of a subaccount', async () => {
        const subaccount = await client.createSubaccount({ name: `Impact ${newKey()}` });
        const data = await client.getImpactData(undefined, { subaccountId: subaccount.id });
        includes(data, { name: subaccount.name, total_offset_kgs: 0 });
        assert.match(data.since_date, timestamp);
    });

    await check('hosted page', async () => {
        const config = await client.getImpactHostedPageConfig();
        includes(config, { enabled: true, enabled_equivalents: ['cars', 'homes', 'flights', 'trees'] });
        assert.equal(config.url, `${pages}/impact`);
        assert.match(await (await fetch(config.url)).text(), /Climate impact of CNaught/);
    });
}
