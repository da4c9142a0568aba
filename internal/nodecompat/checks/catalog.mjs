import assert from 'node:assert/strict';
import { notFoundProblemType } from '@cnaught/cnaught-node-sdk';
import { includes, rejected } from './expect.mjs';

const categoryImage = 'https://assets.cnaught.com/64fd900fcf6f93409fc7ff21/67466d461956d2f8b3ccb4bb_64cabe99f9ba36af8ecb171c_impact-portfolio.webp';
const projectImage = 'https://assets.cnaught.com/64fd900fcf6f93409fc7ff21/67466d4c5dac34242677eb4b_64cabf485b8978f04658185f_pexels-symeon-ekizoglou-2880801.webp';

const project = {
    id: 'I0UbDH', name: 'Sandbox Project A', type: 'Reforestation',
    activity_types: ['Reforestation', 'Improved Forest Management'], developer: 'Sandbox Project Developer',
    registry_name: 'None', registry_id: null, registry_url: null, location_name: 'Pacific Northwest, USA',
    location_latitude: 47.6062, location_longitude: -122.3321, primary_image_url: projectImage, un_sdg_goals: [1, 4, 6],
    methodology: 'Verified Carbon Standard (VCS)', verifier: 'Sandbox Verification Services', permanence: '100+ years',
    lifetime: { start_year: 2022, end_year: 2052 }, impact_type: 'Removal'
};

export default async function (check, { client }) {
    await check('portfolios', async () => {
        const { data } = await client.getListOfPortfolios();
        assert.deepEqual(data.map(({ id, name }) => [id, name]), [['oH5hlq', 'Sandbox'], ['ixmZSK', 'Alternative Sandbox']]);
        for (const portfolio of data) {
            assert.equal(portfolio.summary, portfolio.description);
            assert.equal(portfolio.primary_image_url, null);
            assert.ok(!('category_allocations' in portfolio), 'the list must not have allocations');
        }
    });

    await check('portfolio', async () => {
        const portfolio = await client.getPortfolioDetails('oH5hlq');
        includes(portfolio, { id: 'oH5hlq', name: 'Sandbox', api_price_per_kg_usd_cents: 2, checkout_price_per_kg_usd_cents: 2 });
        const allocations = portfolio.category_allocations.toSorted((a, b) => a.category.name.localeCompare(b.category.name));
        assert.equal(allocations.length, 4);
        assert.deepEqual(allocations.slice(0, 2).map(({ category }) => category.name), ['Sandbox Project Category A', 'Sandbox Project Category B']);
        const sum = allocations.reduce((sum, { allocated_fraction }) => sum + allocated_fraction, 0);
        assert.ok(Math.abs(sum - 1) < 1e-9, `the sum of the fractions must be 1: ${sum}`);
        const [{ category }] = allocations;
        assert.equal(category.primary_image_url, categoryImage);
        assert.deepEqual(category.projects.map(({ name, type }) => [name, type]), [['Sandbox Project A', 'Reforestation']]);
    });

    await check('category', async () => {
        const category = await client.getProjectCategoryDetails('hkgyn3');
        includes(category, { id: 'hkgyn3', name: 'Sandbox Project Category A', primary_image_url: categoryImage });
        assert.equal(category.projects.length, 1);
        includes(category.projects[0], project);
    });

    await check('project', async () => {
        const found = await client.getProjectDetails('I0UbDH');
        includes(found, project);
        assert.deepEqual(found.credit_issuances, [
            { vintage_year: 2022, total_amount: 5000 }, { vintage_year: 2023, total_amount: 7500 }, { vintage_year: 2024, total_amount: 10000 }
        ]);
    });

    await check('unknown ids', async () => {
        await rejected(client.getPortfolioDetails('nothing'), 404, notFoundProblemType);
        await rejected(client.getProjectCategoryDetails('nothing'), 404, notFoundProblemType);
        await rejected(client.getProjectDetails('nothing'), 404, notFoundProblemType);
    });
}
