// SPDX-License-Identifier: Apache-2.0
// The demo portal as a page: languages, names for assistive technology, keyboard, width. The service is a scripted one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeService, failure } from './support/fake_service.mjs';
import { browsers } from './support/pages.mjs';
import { startPortal } from './support/portal.mjs';
import { eventually } from './support/processes.mjs';

const tabs = ['login', 'text', 'file', 'batch', 'seal', 'open', 'certificate'];

for (const [name, launch] of browsers) {
    test(`the portal's page in ${name}`, async (t) => {
        const browser = await launch(t);
        const service = await FakeService.start(t, {
            'sign.cms': (_params, link, id) => {
                link.notify('consent.pending', { id, state: 'shown' });
                throw failure('pin_wrong', { triesLeft: 4 });
            },
        });
        const portal = await startPortal(t, { ws: service.url });
        const openPage = async (query) => {
            const page = await browser.newPage(`${portal.url}/${query}`);
            await eventually('the page', () => page.eval(() => document.documentElement.dataset.loaded === 'true'));
            return page;
        };

        await t.test('Persian comes first, right to left, and English can be chosen [R169]', async () => {
            const page = await openPage('');
            const frame = () => page.eval(() => [document.documentElement.lang, document.documentElement.dir, document.querySelector('.name').textContent]);
            assert.deepEqual(await frame(), ['fa', 'rtl', 'مُهر']);
            await page.eval(() => document.getElementById('language').click());
            assert.deepEqual(await frame(), ['en', 'ltr', 'Mohr']);
            await page.eval(() => localStorage.clear());
            await page.close();
        });

        await t.test('no text is missing in either language and errors are explained with the language\'s digits [R169]', async () => {
            for (const [query, shown] of [['?lang=fa', '۴'], ['?lang=en', '4']]) {
                const page = await openPage(query);
                for (const tab of tabs) {
                    const text = await page.eval((tab) => {
                        document.getElementById(`tab-${tab}`).click();
                        return document.body.innerText;
                    }, tab);
                    assert.doesNotMatch(text, /undefined|\{\w+\}(?![^]*function)/);
                }
                const verdict = await page.eval(async () => {
                    document.getElementById('tab-text').click();
                    document.querySelector('button.primary').click();
                    while (!document.querySelector('.verdict')) await new Promise((done) => setTimeout(done, 20));
                    return document.querySelector('.verdict').textContent;
                });
                assert.ok(verdict.includes(shown) && verdict.includes('pin_wrong'), verdict);
                await page.close();
            }
        });

        await t.test('every control has a name and the tabs move by arrow keys [R196]', async () => {
            const page = await openPage('?lang=en');
            for (const tab of tabs) {
                const nameless = await page.eval((tab) => {
                    document.getElementById(`tab-${tab}`).click();
                    const controls = [...document.querySelectorAll('button, input, textarea, select, [tabindex="0"]')];
                    return controls
                        .filter((control) => !control.hidden)
                        .filter((control) => {
                            const labels = [...(control.labels ?? [])].map((label) => label.textContent).join('');
                            return `${control.getAttribute('aria-label') ?? ''}${labels}${control.textContent}`.trim() === '';
                        })
                        .map((control) => control.outerHTML);
                }, tab);
                assert.deepEqual(nameless, [], tab);
            }
            const moved = await page.eval(() => {
                document.getElementById('tab-login').click();
                document.getElementById('tab-login').focus();
                for (const key of ['ArrowDown', 'ArrowDown', 'End', 'ArrowDown', 'ArrowUp']) {
                    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
                }
                return [document.activeElement.id, document.activeElement.getAttribute('aria-selected')];
            });
            assert.deepEqual(moved, ['tab-certificate', 'true']);
            await page.close();
        });

        await t.test('nothing is cut off from a phone\'s width to a desktop\'s', async () => {
            for (const query of ['?lang=fa', '?lang=en']) {
                const page = await openPage(query);
                for (const width of [360, 768, 1100, 1440]) {
                    await page.resize(width, 900);
                    for (const tab of tabs) {
                        const over = await page.eval((tab) => {
                            document.getElementById(`tab-${tab}`).click();
                            return document.documentElement.scrollWidth - document.documentElement.clientWidth;
                        }, tab);
                        assert.ok(over <= 0, `${query} ${tab} at ${width}: ${over} pixels too wide`);
                    }
                }
                await page.close();
            }
        });

        await t.test('the code shown beside an action is the code that runs', async () => {
            const page = await openPage('?lang=en#text');
            const [shown, source] = await page.eval(async () => {
                const { signText } = await import('/actions.js');
                return [document.getElementById('code').textContent, signText.toString()];
            });
            const squeeze = (text) => text.replace(/\s+/g, ' ');
            assert.equal(squeeze(shown), squeeze(source));
            await page.close();
        });
    });
}
