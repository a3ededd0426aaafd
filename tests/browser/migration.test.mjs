// SPDX-License-Identifier: Apache-2.0
// The migration page against the real daemon: each flow as old portals have it and as it is done now, both verified.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsers } from './support/pages.mjs';
import { startPortal } from './support/portal.mjs';
import { eventually } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';

const flows = ['contract', 'tender', 'listing', 'login', 'levy'];

/** Presses the button of one way of the shown flow and gives what came out. */
async function go(page, way) {
    await page.eval((way) => document.querySelector(`[data-way=${way}] button.primary`).click(), way);
    const look = (way) => {
        const side = document.querySelector(`[data-way=${way}]`);
        const checks = [...side.querySelectorAll('[data-check]')].map(({ dataset }) => [dataset.check, dataset.ok]);
        const messages = [...side.querySelectorAll('.messages .what')].map(({ textContent }) => textContent);
        return { outcome: side.dataset.outcome, checks, messages, text: side.querySelector('.output').innerText };
    };
    return eventually(`${way} ends`, async () => {
        const seen = await page.eval(look, way);
        return ['good', 'bad', 'failed'].includes(seen.outcome) && seen;
    });
}

for (const [name, launch] of browsers) {
    test(`the migration page in ${name}`, async (t) => {
        const browser = await launch(t);
        const open = async (t, flow, consent = 'allow') => {
            const sandbox = await startSandbox(t, { consent });
            const portal = await startPortal(t, { trust: [sandbox.ca], ws: sandbox.ws, wss: sandbox.wss });
            const page = await browser.newPage(`${portal.url}/migration.html?lang=en#${flow}`);
            await eventually('the page', () => page.eval(() => document.documentElement.dataset.loaded === 'true'));
            return page;
        };

        await t.test('each flow ends well in the old way and in the new one, and the server says so [R186] [R190]', async (t) => {
            const page = await open(t, 'contract');
            for (const flow of flows) {
                await page.eval((flow) => document.getElementById(`tab-${flow}`).click(), flow);
                for (const way of ['legacy', 'modern']) {
                    const seen = await go(page, way);
                    assert.equal(seen.outcome, 'good', `${flow}, ${way}: ${seen.text}`);
                    assert.ok(seen.checks.length >= 2 && seen.checks.every(([, ok]) => ok === 'true'), JSON.stringify(seen.checks));
                    const isLegacy = seen.messages.some((message) => /^(Sign|CmsSign|CmsDecrypt)\b/.test(message));
                    assert.deepEqual([isLegacy, seen.messages.some((message) => message.includes('.'))], way === 'legacy' ? [true, false] : [false, true], seen.messages.join());
                }
            }
            await page.close();
        });

        await t.test('a refusal reads as what it is in both ways [R187] [R190]', async (t) => {
            const page = await open(t, 'levy', [{ decision: 'allow', expect: { kind: 'select' } }, { decision: 'deny' }]);
            const legacy = await go(page, 'legacy');
            assert.deepEqual([legacy.outcome, /You refused the request\.\s*18/.test(legacy.text)], ['failed', true], legacy.text);
            const modern = await go(page, 'modern');
            assert.deepEqual([modern.outcome, modern.text.includes('user_cancelled')], ['failed', true], modern.text);
            await page.close();
        });

        await t.test('a service that is not there is told in the old way too [R190]', async (t) => {
            const portal = await startPortal(t, { ws: 'ws://127.0.0.1:1/v1', wss: 'wss://localhost:2/v1' });
            const page = await browser.newPage(`${portal.url}/migration.html?lang=en#levy`);
            await eventually('the page', () => page.eval(() => document.documentElement.dataset.loaded === 'true'));
            const legacy = await go(page, 'legacy');
            assert.deepEqual([legacy.outcome, legacy.text.includes('Mohr cannot be reached')], ['failed', true], legacy.text);
            await page.close();
        });
    });
}
