import assert from 'node:assert/strict';
import { invalidParametersProblemType, notFoundProblemType } from '@cnaught/cnaught-node-sdk';
import { includes, newKey, rejected, timestamp } from './expect.mjs';

export default async function (check, { client, lastStatus, pages }) {
    // The methods of version 2.8.0 use the path /orders/checkout-session, which the API
    // dropped in 2024. These functions send the same requests as version 3.
    const create = (session, options) => client.apiHandler.makeApiPostRequest('/checkout/sessions', session, options);
    const get = (id) => client.apiHandler.makeApiGetRequest(`/checkout/sessions/${id}`);
    const body = {
        amount_kg: 100, description: 'on behalf of Jane Smith', notification_config: { url: 'https://www.example.com/callback' },
        success_url: 'https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}',
        cancel_url: 'https://www.example.com/purchase-credits'
    };

    await check('create and get', async () => {
        const subaccount = await client.createSubaccount({ name: `Checkout ${newKey()}` });
        const session = await create(body, { subaccountId: subaccount.id });
        assert.equal(lastStatus(), 201);
        includes(session, {
            amount_kg: 100, price_usd_cents: 200, state: 'open', completed_on: null, portfolio_id: 'oH5hlq', subaccount_id: subaccount.id,
            success_url: body.success_url, cancel_url: body.cancel_url, order_description: body.description,
            order_webhook_url: 'https://www.example.com/callback'
        });
        assert.ok(session.checkout_url.endsWith(`/pay/${session.id}`), session.checkout_url);
        assert.match(session.created_on, timestamp);
        assert.equal(new Date(session.expires_on) - new Date(session.created_on), 24 * 3600 * 1000);
        assert.deepEqual(await get(session.id), session);
    });

    await check('paid on the hosted page', async () => {
        const session = await create(body);
        assert.match(await (await fetch(session.checkout_url)).text(), /\$2\.00/);
        const paid = await fetch(session.checkout_url, { method: 'POST', redirect: 'manual' });
        assert.equal(paid.status, 303);
        assert.equal(paid.headers.get('location'), `https://www.example.com/confirmation?my_query=my_value&session_id=${session.id}`);
        const complete = await get(session.id);
        includes(complete, { state: 'complete' });
        assert.match(complete.completed_on, timestamp);
        const [order] = (await client.getListOfOrders(1)).data;
        includes(order, { checkout_session_id: session.id, amount_kg: 100, price_usd_cents: 200, description: body.description });
    });

    await check('expired with the button on the page', async () => {
        const { id } = await create(body);
        await fetch(`${pages}/sessions/${id}/expire`, { method: 'POST', redirect: 'manual' });
        includes(await get(id), { state: 'expired', completed_on: null });
    });

    await check('the session of the published page', async () => {
        assert.deepEqual(await get('zpQ6QSNRQh'), {
            id: 'zpQ6QSNRQh', amount_kg: 100, price_usd_cents: 200, success_url: body.success_url, cancel_url: body.cancel_url,
            checkout_url: 'https://checkout.cnaught.com/pay/zpQ6QSNRQh', state: 'open', created_on: '2022-07-31T18:00:00.000000Z',
            expires_on: '2022-08-01T18:00:00.000000Z', completed_on: null, portfolio_id: 'mHvNvWbq', subaccount_id: null,
            order_description: 'on behalf of Jane Smith', order_webhook_url: 'https://www.example.com/callback'
        });
    });

    await check('invalid sessions are refused', async () => {
        for (const [field, value] of [
            ['amount_kg', 0], ['amount_kg', -100], ['amount_kg', 24], // The last price is 48 cents.
            ['success_url', 'http://www.example.com'], ['success_url', '/success'], ['success_url', 'www.example.com/success'],
            ['cancel_url', 'http://www.example.com'], ['cancel_url', '/cancel'], ['cancel_url', 'www.example.com/cancel']
        ]) {
            const error = await rejected(create({ ...body, [field]: value }), 400, invalidParametersProblemType,
                "Your request parameters didn't validate");
            assert.deepEqual(Object.keys(error.problemDetails.errors), [field], `${field} ${value}`);
        }
        await create({ ...body, amount_kg: 25 }); // The price is 50 cents, the minimum.
        await rejected(get('nothing'), 404, notFoundProblemType, 'Could not find checkout session');
    });

    await check('the methods of version 2.8.0 get an error', async () => {
        await assert.rejects(client.createCheckoutSession({ ...body, email: 'jane.doe@example.com' }), { status: 405 });
        await assert.rejects(client.getCheckoutSession('zpQ6QSNRQh'), { status: 404 });
    });
}
