import assert from 'node:assert/strict';
import { invalidParametersProblemType } from '@cnaught/cnaught-node-sdk';
import { rejected } from './expect.mjs';

export default async function (check, { client, lastStatus }) {
    const kinds = [
        ['mass', client.getGenericQuote, { amount_kg: 10 }, { amount_kg: 10, price_usd_cents: 20 }],
        ['air freight', client.getAirFreightQuote, { freight_mass_kg: 10, distance_km: 100 }, { amount_kg: 2, price_usd_cents: 4 }],
        ['flight', client.getFlightQuote, { distance_km: 100 }, { amount_kg: 10, price_usd_cents: 20 }],
        ['ground freight', client.getGroundFreightQuote, { freight_mass_kg: 100, distance_km: 1000 }, { amount_kg: 14, price_usd_cents: 28 }],
        ['ground transport', client.getGroundTransportQuote, { distance_km: 1000, vehicle_type: 'school_bus' }, { amount_kg: 745, price_usd_cents: 1490 }],
        ['office space', client.getOfficeSpaceQuote, { square_footage: 1000 }, { amount_kg: 8600, price_usd_cents: 17200 }],
        ['train', client.getTrainQuote, { distance_km: 1000 }, { amount_kg: 38, price_usd_cents: 76 }],
        // In version 2.8.0, this method requests a ground transport quote for a passenger
        // car. The last entry uses the path /quotes/ride itself.
        ['ride', client.getRideQuote, { distance_km: 30 }, { amount_kg: 8, price_usd_cents: 16 }],
        ['ride, old path', (params) => client.apiHandler.makeApiPostRequest('/quotes/ride', params), { distance_km: 30 }, { amount_kg: 8, price_usd_cents: 16 }]
    ];
    for (const [name, quote, params, want] of kinds) {
        await check(name, async () => {
            assert.deepEqual(await quote(params), want, 'a quote must have no other members');
            assert.equal(lastStatus(), 200);
            for (const more of [{ portfolio_id: 'ixmZSK' }, { source: 'checkout' }, { source: 'api', portfolio_id: null }]) {
                assert.deepEqual(await quote({ ...params, ...more }), want);
            }
        });
        await check(`${name}, negative`, async () => {
            for (const [field, value] of Object.entries(params).filter(([, value]) => typeof value === 'number')) {
                const error = await rejected(quote({ ...params, [field]: -value }), 400, invalidParametersProblemType,
                    "Your request parameters didn't validate");
                assert.deepEqual(Object.keys(error.problemDetails.errors), [field]);
            }
        });
    }
}
