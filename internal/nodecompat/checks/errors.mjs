import assert from 'node:assert/strict';
import { idempotencyKeyTooLongProblemType, invalidPaginationProblemType, notFoundProblemType } from '@cnaught/cnaught-node-sdk';
import { newKey, rejected } from './expect.mjs';

export default async function (check, { client, otherKey }) {
    await check('a wrong API key', async () => {
        // This problem has no type, which means about:blank according to RFC 9457.
        await rejected(otherKey.getListOfOrders(), 401, 'about:blank', 'Unauthorized');
        await rejected(otherKey.placeGenericOrder({ amount_kg: 10 }), 401, 'about:blank', 'Unauthorized');
    });

    await check('an unknown order', async () => {
        await rejected(client.getOrderDetails(newKey()), 404, notFoundProblemType, 'Could not find order');
        await rejected(client.cancelOrder('123'), 404, notFoundProblemType, 'Could not find order');
    });

    await check('a page after an unknown order', async () => {
        const { problemDetails } = await rejected(client.getListOfOrders(10, 'nothing'), 400, invalidPaginationProblemType);
        assert.equal(typeof problemDetails.detail, 'string', 'the SDK declares the member detail');
    });

    await check('an idempotency key that is too long', async () => {
        const order = await client.placeGenericOrder({ amount_kg: 10 }, { idempotencyKey: 'k'.repeat(512) });
        assert.ok(order.id);
        await rejected(client.placeGenericOrder({ amount_kg: 10 }, { idempotencyKey: 'k'.repeat(513) }), 400, idempotencyKeyTooLongProblemType);
    });

    await check('20 simultaneous requests with the same key place one order', async () => {
        const options = { idempotencyKey: newKey() };
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => client.placeGenericOrder({ amount_kg: 33 }, options)));
        const ids = new Set(outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value.id));
        assert.equal(ids.size, 1);
        for (const { reason } of outcomes.filter(({ status }) => status === 'rejected')) {
            assert.equal(reason.problemDetails.type, 'https://api.cnaught.com/v1/errors/idempotency-concurrent-requests');
            assert.equal(reason.status, 409);
        }
        const { data } = await client.getListOfOrders(100);
        assert.equal(data.filter(({ amount_kg }) => amount_kg === 33).length, 1);
    });
}
