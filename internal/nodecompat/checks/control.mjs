import assert from 'node:assert/strict';
import { includes, newKey } from './expect.mjs';

// These checks control the sandbox over HTTP, as tests in Go do with its methods.
export default async function (check, { client, lastHeader, lastStatus, pages }) {
    const control = async (method, path, body) => {
        const response = await fetch(`${pages}/_sandbox${path}`, { method, body: body && JSON.stringify(body) });
        const text = await response.text();
        return { status: response.status, body: text && JSON.parse(text) };
    };

    await check('an answer is lost after the order was placed, and a retry with the same key gets it', async () => {
        const fault = await control('POST', '/faults', { operation: 'SubmitOrder', reset_after: true });
        assert.equal(fault.status, 201);
        includes(fault.body, { operation: 'SubmitOrder', reset_after: true, count: 1, fired: 0 });
        const options = { idempotencyKey: newKey() };
        await assert.rejects(client.placeGenericOrder({ amount_kg: 41 }, options), TypeError, 'fetch failed');
        const order = await client.placeGenericOrder({ amount_kg: 41 }, options);
        assert.equal(lastHeader('X-Idempotent-Replay'), 'true');
        const { data } = await client.getListOfOrders(100);
        assert.deepEqual(data.filter(({ amount_kg }) => amount_kg === 41).map(({ id }) => id), [order.id]);
    });

    await check('an answer is replaced with a page after the order was placed', async () => {
        await control('POST', '/faults', { operation: 'SubmitOrder', status: 403, after_acting: true, body: '<h1>Forbidden</h1>' });
        await assert.rejects(client.placeGenericOrder({ amount_kg: 42 }));
        assert.equal(lastStatus(), 403);
        assert.match(lastHeader('Content-Type'), /^text\/html\b/);
        const { data } = await client.getListOfOrders(1);
        includes(data[0], { amount_kg: 42 });
    });

    await check('faults are listed and removed', async () => {
        const { body } = await control('POST', '/faults', { status: 503, count: -1, header: { 'Retry-After': '7' } });
        await assert.rejects(client.getListOfOrders(), { status: 503 });
        assert.equal(lastHeader('Retry-After'), '7');
        const list = await control('GET', '/faults');
        assert.deepEqual(list.body.data, [{ ...body, fired: 1 }]);
        assert.equal((await control('DELETE', `/faults/${body.id}`)).status, 204);
        await client.getListOfOrders();
        assert.equal((await control('DELETE', '/faults')).status, 204);
        assert.equal((await control('POST', '/faults', { operation: 'PlaceOrder', status: 500 })).status, 400);
    });

    await check('an order is fulfilled', async () => {
        const { id } = await client.placeGenericOrder({ amount_kg: 10 });
        const fulfilled = await control('POST', `/orders/${id}/fulfill`);
        includes(fulfilled, { status: 200 });
        assert.deepEqual(fulfilled.body, await client.getOrderDetails(id));
        includes(fulfilled.body, { state: 'fulfilled' });
        assert.equal((await control('POST', `/orders/${id}/fulfill`)).status, 409);
    });

    await check('a price changes between the quote and the order', async () => {
        const quote = await client.getGenericQuote({ amount_kg: 100, portfolio_id: 'ixmZSK' });
        const price = { api_price_per_kg_usd_cents: 2.5, checkout_price_per_kg_usd_cents: 3 };
        assert.equal((await control('PUT', '/portfolios/ixmZSK/price', price)).status, 204);
        const order = await client.placeGenericOrder({ amount_kg: 100, portfolio_id: 'ixmZSK' });
        assert.deepEqual([quote.price_usd_cents, order.price_usd_cents], [200, 250]);
        await control('PUT', '/portfolios/ixmZSK/price', { api_price_per_kg_usd_cents: 2, checkout_price_per_kg_usd_cents: 2 });
    });

    await check('the clock moves', async () => {
        const before = new Date((await control('GET', '/clock')).body.now);
        const after = new Date((await control('POST', '/clock', { advance: '25h' })).body.now);
        assert.ok(after - before >= 25 * 3600 * 1000);
        const { created_on } = await client.placeGenericOrder({ amount_kg: 10 });
        assert.ok(new Date(created_on) >= after);
        assert.equal((await control('POST', '/clock', { advance: 'a day' })).status, 400);
    });

    await check('requests from another site are refused', async () => {
        const response = await fetch(`${pages}/_sandbox/faults`, {
            method: 'POST', body: '{"status":500,"count":-1}', headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
        });
        assert.equal(response.status, 403);
        assert.deepEqual((await control('GET', '/faults')).body.data, []);
    });
}
