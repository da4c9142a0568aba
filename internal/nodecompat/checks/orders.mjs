import assert from 'node:assert/strict';
import { invalidParametersProblemType, idempotencyChangedPayloadProblemType, forbiddenProblemType } from '@cnaught/cnaught-node-sdk';
import { includes, newKey, rejected, timestamp } from './expect.mjs';

export default async function (check, { client, lastHeader, lastStatus, pages }) {
    const notification_config = { url: 'https://www.example.com/callback' };

    await check('by mass', async () => {
        const order = await client.placeGenericOrder({ amount_kg: 10, metadata: 'Node sdk submission', notification_config });
        assert.equal(lastStatus(), 201);
        includes(order, {
            amount_kg: 10, price_usd_cents: 20, state: 'placed', metadata: 'Node sdk submission',
            callback_url: 'https://www.example.com/callback'
        });
        assert.match(order.created_on, timestamp);
        assert.match(order.order_number, /^[0-9a-f]+(-[0-9a-f]+){4}$/i);
        includes(await client.getOrderDetails(order.id), order);
    });

    await check('by price', async () => {
        const order = await client.placeGenericOrder({ total_price_usd_cents: 3190, notification_config });
        includes(order, { amount_kg: 1595, price_usd_cents: 3190, state: 'placed' });
    });

    await check('from another portfolio', async () => {
        includes(await client.placeGenericOrder({ amount_kg: 10, portfolio_id: 'ixmZSK' }), { amount_kg: 10, price_usd_cents: 20 });
    });

    await check('a ride, which version 3.0 of the SDK dropped', async () => {
        includes(await client.placeRideOrder({ distance_km: 30, metadata: 'ride' }), { amount_kg: 8, price_usd_cents: 16, state: 'placed', metadata: 'ride' });
    });

    await check('a negative mass or distance is refused', async () => {
        const title = "Your request parameters didn't validate";
        const error = await rejected(client.placeGenericOrder({ amount_kg: -10 }), 400, invalidParametersProblemType, title);
        assert.deepEqual(Object.keys(error.problemDetails.errors), ['amount_kg'], 'the errors must be by field, as the SDK expects them');
        assert.ok(error.problemDetails.errors.amount_kg.every((text) => typeof text === 'string'));
        await rejected(client.placeRideOrder({ distance_km: -10 }), 400, invalidParametersProblemType, title);
    });

    await check('lists are paginated, with the newest order first', async () => {
        const first = await client.placeGenericOrder({ amount_kg: 10 });
        const second = await client.placeGenericOrder({ amount_kg: 20 });
        const page = await client.getListOfOrders(1);
        assert.deepEqual(page.data.map((order) => order.id), [second.id]);
        const next = await client.getListOfOrders(1, second.id);
        assert.deepEqual(next.data.map((order) => order.id), [first.id]);
        assert.deepEqual(Object.keys(page), ['data']);
    });

    await check('a repeated key returns the same order', async () => {
        const options = { idempotencyKey: newKey() };
        const body = { amount_kg: 15, metadata: 'first', notification_config };
        const first = await client.placeGenericOrder(body, options);
        assert.equal(lastHeader('X-Idempotent-Replay'), null);
        const again = await client.placeGenericOrder(body, options);
        assert.deepEqual(again, first);
        assert.equal(lastHeader('X-Idempotent-Replay'), 'true');
        await rejected(client.placeGenericOrder({ ...body, metadata: 'second' }, options), 422, idempotencyChangedPayloadProblemType,
            'Previous request submitted with same idempotency key had different payload');
        assert.equal((await client.getListOfOrders(1)).data[0].id, first.id, 'there must be no second order');
    });

    await check('the fulfilled order of the sample data', async () => {
        const order = await client.getOrderDetails('2FhU3B0F36_sandbox');
        includes(order, { amount_kg: 3000, price_usd_cents: 6000, state: 'fulfilled' });
        const allocations = order.project_allocations.toSorted((a, b) => a.project.name.localeCompare(b.project.name));
        assert.deepEqual(allocations.map((a) => [a.project.name, a.amount_kg]), [
            ['Sandbox Project A', 1050], ['Sandbox Project B', 1050], ['Sandbox Project C', 600], ['Sandbox Project D', 300]
        ]);
        assert.ok(allocations.every((a) => Array.isArray(a.retirements)));
    });

    await check('an order is placed, fulfilled with the button on the page, and cancelled', async () => {
        const { id } = await client.placeGenericOrder({ amount_kg: 100 });
        const pressed = await fetch(`${pages}/orders/${id}/fulfill`, { method: 'POST', redirect: 'manual' });
        assert.equal(pressed.status, 303);
        const fulfilled = await client.getOrderDetails(id);
        includes(fulfilled, { state: 'fulfilled' });
        assert.deepEqual(fulfilled.project_allocations.map((a) => a.amount_kg), [35, 35, 20, 10]);
        assert.equal(fulfilled.certificate_public_url, `${pages}/certificates/${id}`);
        // The vendor's example program does the same when it receives the webhook.
        const pdf = await fetch(fulfilled.certificate_download_public_url);
        assert.equal(pdf.headers.get('Content-Type'), 'application/pdf');
        assert.match(await pdf.text(), /^%PDF-/);

        const cancelled = await client.cancelOrder(id, { idempotencyKey: newKey() });
        assert.equal(lastStatus(), 200);
        includes(cancelled, { id, state: 'cancelled', certificate_public_url: null, certificate_download_public_url: null });
        await rejected(client.cancelOrder(id), 403, forbiddenProblemType);
    });
}
