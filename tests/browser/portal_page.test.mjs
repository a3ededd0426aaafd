// SPDX-License-Identifier: Apache-2.0
// The demo portal as a page: languages, names for assistive technology, keyboard, width. The service is a scripted one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeService, failure } from './support/fake_service.mjs';
import { browsers } from './support/pages.mjs';
import { startPortal } from './support/portal.mjs';
import { eventually } from './support/processes.mjs';

const tabs = ['login', 'text', 'file', 'batch', 'seal', 'open', 'certificate'];
const flows = ['contract', 'tender', 'listing', 'login', 'levy'];
const pages = [['', tabs], ['migration.html', flows]];

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
        const openPage = async (query, path = '') => {
            const page = await browser.newPage(`${portal.url}/${path}${query}`);
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

        await t.test('the migration page has both languages, and what was done stays when they change [R169]', async () => {
            const page = await openPage('?lang=fa#levy', 'migration.html');
            const titles = () => page.eval(() => [document.documentElement.dir, ...[...document.querySelectorAll('.way h2')].map(({ textContent }) => textContent)]);
            const [direction, ...persian] = await titles();
            assert.equal(direction, 'rtl');
            await page.eval(async () => {
                const modern = document.querySelector('[data-way=modern]');
                modern.querySelector('button.primary').click();
                while (!document.querySelector('[data-way=modern] .verdict')) await new Promise((done) => setTimeout(done, 20));
                document.getElementById('language').click();
            });
            const [after, ...english] = await titles();
            assert.deepEqual([after, english], ['ltr', ['The old way: /dastine', 'The new way: /v1']]);
            assert.equal(persian.some((title) => english.includes(title)), false);
            const kept = await page.eval(() => {
                const modern = document.querySelector('[data-way=modern]');
                return [modern.dataset.outcome, modern.querySelector('.verdict').textContent, modern.querySelectorAll('.messages .what').length];
            });
            assert.equal(kept[0], 'failed');
            assert.match(kept[1], /Wrong PIN\. 4 attempts left/);
            assert.ok(kept[2] > 1);
            await page.eval(() => localStorage.clear());
            await page.close();
        });

        await t.test('no text is missing on the migration page in either language [R169]', async () => {
            for (const query of ['?lang=fa', '?lang=en']) {
                const page = await openPage(query, 'migration.html');
                for (const flow of flows) {
                    const shown = await page.eval((flow) => {
                        document.getElementById(`tab-${flow}`).click();
                        // Code may say undefined; a text may not.
                        for (const code of document.querySelectorAll('pre')) code.hidden = true;
                        return document.body.innerText;
                    }, flow);
                    assert.doesNotMatch(shown, /undefined|\{\w+\}/);
                }
                await page.close();
            }
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

        const everyControlHasAName = async (path, names) => {
            const page = await openPage('?lang=en', path);
            for (const tab of names) {
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
            const moved = await page.eval((first) => {
                document.getElementById(`tab-${first}`).click();
                document.getElementById(`tab-${first}`).focus();
                for (const key of ['ArrowDown', 'ArrowDown', 'End', 'ArrowDown', 'ArrowUp']) {
                    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
                }
                return [document.activeElement.id, document.activeElement.getAttribute('aria-selected')];
            }, names[0]);
            assert.deepEqual(moved, [`tab-${names.at(-1)}`, 'true']);
            await page.close();
        };

        await t.test('every control has a name and the tabs move by arrow keys [R196]', async () => {
            for (const [path, names] of pages) await everyControlHasAName(path, names);
        });

        await t.test('nothing is cut off from a phone\'s width to a desktop\'s', async () => {
            for (const [query, [path, names]] of ['?lang=fa', '?lang=en'].flatMap((query) => pages.map((entry) => [query, entry]))) {
                const page = await openPage(query, path);
                for (const width of [360, 768, 1100, 1440]) {
                    await page.resize(width, 900);
                    for (const tab of names) {
                        const over = await page.eval((tab) => {
                            document.getElementById(`tab-${tab}`).click();
                            return document.documentElement.scrollWidth - document.documentElement.clientWidth;
                        }, tab);
                        assert.ok(over <= 0, `${path}${query} ${tab} at ${width}: ${over} pixels too wide`);
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
            const migration = await openPage('?lang=en#tender', 'migration.html');
            const pairs = await migration.eval(async () => {
                const { flows } = await import('/migration_flows.js');
                const code = (way) => document.querySelector(`[data-way=${way}] pre code`).textContent;
                return ['legacy', 'modern'].map((way) => [code(way), flows.tender[way].toString()]);
            });
            for (const [shown, source] of pairs) assert.equal(squeeze(shown), squeeze(source));
            await migration.close();
        });
    });
}
