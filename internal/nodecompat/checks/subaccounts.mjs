import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import {
    idempotencyChangedPayloadProblemType, invalidParametersProblemType, invalidSubaccountProblemType, notFoundProblemType
} from '@cnaught/cnaught-node-sdk';
import { includes, newKey, rejected, timestamp } from './expect.mjs';

const missing = 'Could not find subaccount';

export default async function (check, { client, lastHeader, lastStatus }) {
    const create = (more, options) => client.createSubaccount({ name: `Test Subaccount ${newKey()}`, ...more }, options);
    // Version 2.8.0 has no method to delete a subaccount. This function sends the same
    // request as version 3.1 and returns the status.
    const remove = async (id) => (await client.apiHandler.wretch.delete(`/subaccounts/${id}`).res()).status;

    await check('create with all members', async () => {
        const subaccount = await create({ email: 'jane.doe@example.com', default_portfolio_id: 'oH5hlq', logo_url: 'http://example.com/image.png' });
        assert.equal(lastStatus(), 201);
        includes(subaccount, { email: 'jane.doe@example.com', default_portfolio_id: 'oH5hlq' });
        assert.match(subaccount.created_on, timestamp);
        assert.equal(typeof subaccount.logo_url, 'string');

        const read = await client.getSubaccountDetails(subaccount.id);
        const withoutQuery = (url) => Object.assign(new URL(url), { search: '' }).href;
        assert.deepEqual({ ...read, logo_url: withoutQuery(read.logo_url) }, { ...subaccount, logo_url: withoutQuery(subaccount.logo_url) });

        const updated = await client.updateSubaccount(subaccount.id, { name: 'Renamed' });
        includes(updated, { name: 'Renamed', email: null, default_portfolio_id: null, id: subaccount.id });
        assert.equal(typeof updated.logo_url, 'string', 'the logo must stay the same');
    });

    await check('create with a name only', async () => {
        includes(await create(), { email: null, default_portfolio_id: null, logo_url: null });
    });

    await check('create twice with the same key', async () => {
        const options = { idempotencyKey: newKey() };
        const first = await create({ name: 'Once' }, options);
        assert.deepEqual(await create({ name: 'Once' }, options), first);
        assert.equal(lastHeader('X-Idempotent-Replay'), 'true');
        await rejected(create({ name: 'Twice' }, options), 422, idempotencyChangedPayloadProblemType);
    });

    await check('list, newest first', async () => {
        const first = await create();
        const second = await create();
        assert.deepEqual((await client.getListOfSubaccounts(2)).data.map(({ id }) => id), [second.id, first.id]);
        assert.deepEqual((await client.getListOfSubaccounts(1, second.id)).data.map(({ id }) => id), [first.id]);
    });

    await check('logo from a URL, from image data, and none', async () => {
        const { id } = await create();
        const fromURL = await client.updateSubaccountLogoFromUrl(id, { logo_url: 'http://example.com/image.png' });
        assert.equal(typeof fromURL.logo_url, 'string');

        const image = await readFile(new URL('logo.png', import.meta.url));
        const uploaded = await client.updateSubaccountLogoFromImageData(id, { logo_file_content: image, content_type: 'image/png' });
        assert.equal(lastStatus(), 200);
        const served = await fetch(uploaded.logo_url);
        assert.equal(served.headers.get('content-type'), 'image/png');
        assert.deepEqual(Buffer.from(await served.arrayBuffer()), image, 'the image must be served unchanged');

        const streamed = await client.updateSubaccountLogoFromImageData(id, { logo_file_content: new Blob([image]).stream(), content_type: 'image/png' });
        assert.equal(typeof streamed.logo_url, 'string');
        includes(await client.removeSubaccountLogo(id), { id, logo_url: null });
        assert.equal(lastStatus(), 200);
        includes(await client.getSubaccountDetails(id), { logo_url: null });
    });

    await check('an order of a subaccount', async () => {
        const subaccount = await create();
        const scope = { subaccountId: subaccount.id };
        const order = await client.placeGenericOrder({ amount_kg: 10 }, scope);
        includes(order, { subaccount_id: subaccount.id });
        assert.deepEqual((await client.getListOfOrders(undefined, undefined, scope)).data, [order], 'the list must have exactly this order');
        includes(await client.getOrderDetails(order.id, scope), { id: order.id });
        const stranger = { subaccountId: (await create()).id };
        await rejected(client.getOrderDetails(order.id, stranger), 404, notFoundProblemType, 'Could not find order');
        await rejected(client.cancelOrder(order.id, stranger), 404, notFoundProblemType, 'Could not find order');
        includes(await client.cancelOrder(order.id, scope), { state: 'cancelled' });
    });

    await check('delete', async () => {
        const { id } = await create();
        assert.equal(await remove(id), 204);
        await rejected(client.getSubaccountDetails(id), 404, notFoundProblemType, missing);
        await rejected(remove(id), 404, notFoundProblemType, missing);
        await rejected(client.updateSubaccount(id, { name: 'x' }), 404, notFoundProblemType, missing);
        await rejected(client.updateSubaccountLogoFromUrl(id, { logo_url: 'http://example.com/image.png' }), 404, notFoundProblemType, missing);
        await rejected(client.removeSubaccountLogo(id), 404, notFoundProblemType, missing);
        assert.ok((await client.getListOfSubaccounts(100)).data.every((subaccount) => subaccount.id !== id));
    });

    await check('a subaccount with orders is not deleted', async () => {
        const { id } = await create();
        await client.placeGenericOrder({ amount_kg: 10 }, { subaccountId: id });
        const error = await remove(id).then(assert.fail, (error) => error);
        assert.ok(error.status >= 400 && error.status < 500, `the status must be a 4xx (which one the API uses is not known): ${error.status}`);
        includes(await client.getSubaccountDetails(id), { id });
    });

    await check('invalid subaccounts are refused', async () => {
        await rejected(client.createSubaccount({ email: 'jane.doe@example.com' }), 400, invalidParametersProblemType);
        await rejected(create({ name: 'x'.repeat(513) }), 400, invalidParametersProblemType);
        await rejected(client.getListOfOrders(1, undefined, { subaccountId: 'nothing' }), 400, invalidSubaccountProblemType);
        await rejected(client.placeGenericOrder({ amount_kg: 10 }, { subaccountId: 'nothing' }), 400, invalidSubaccountProblemType);
    });
}
