// SPDX-License-Identifier: Apache-2.0
// The person's decisions as a page meets them: no, not now, wrong PIN, gone; and the switch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsers, codeIs, openClient, openSandbox, verifyCms } from './support/pages.mjs';
import { eventually } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

const access = { decision: 'allow', expect: { kind: 'access' }, remember: true };
const allow = { decision: 'allow', pin: 'right' };
const signing = () => mohr.signRaw({ document: { name: 'a.txt', content: 'x' } });

for (const [name, launch] of browsers) {
    test(`consent in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);

        await t.test('a refused site gets no further and learns nothing [R187] [T13]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: 'deny', client: { requestAccess: false } });
            const codes = await page.eval(async () => {
                const calls = [
                    () => mohr.listCertificates(),
                    () => mohr.selectCertificate('sign'),
                    () => mohr.signRaw({ document: { name: 'a', content: 'x' } }),
                    () => mohr.generateKey(),
                ];
                const codes = [];
                for (const call of calls) codes.push(await call().then(() => 'answered', (error) => error.code));
                return codes;
            });
            assert.deepEqual(codes, Array(4).fill('origin_denied'));
            await assert.rejects(page.eval(() => mohr.requestAccess()), codeIs('user_cancelled'));
            assert.equal((await page.eval(() => mohr.info())).token, undefined);
        });

        await t.test('an allowed site is not asked for again until it is forgotten [R187]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, { consent: [access, { decision: 'deny' }] });
            assert.equal(await page.eval(() => mohr.requestAccess()), 'granted');
            const second = await openClient(t, browser, `${site.origin}/`, sandbox);
            assert.equal((await second.eval(() => mohr.info())).access, 'granted');
            const sites = await sandbox.control('site.list');
            assert.ok(JSON.stringify(sites).includes(site.origin));
            await sandbox.control('site.forget', { origin: site.origin });
            const third = await openClient(t, browser, `${site.origin}/`, sandbox);
            assert.equal((await third.eval(() => mohr.info())).access, 'undecided');
            await assert.rejects(third.eval(() => mohr.requestAccess()), codeIs('user_cancelled'));
        });

        await t.test('a grant that is not remembered covers the page that comes back, no other site, and ends with the switch [R187] [R189]', async (t) => {
            const consent = [{ decision: 'allow', expect: { kind: 'access' } }, { decision: 'deny' }];
            const { page, sandbox } = await openSandbox(t, browser, site, { consent });
            assert.equal(await page.eval(() => mohr.requestAccess()), 'granted');
            await page.close();
            const again = await openClient(t, browser, `${site.origin}/`, sandbox);
            assert.equal(await again.eval(() => mohr.requestAccess()), 'granted');
            const other = await startSite(t);
            const stranger = await openClient(t, browser, `${other.origin}/`, sandbox, { requestAccess: false });
            assert.equal((await stranger.eval(() => mohr.info())).access, 'undecided');
            assert.deepEqual((await sandbox.control('site.list')).filter(({ access }) => access !== 'ask'), []);
            await sandbox.control('service.stop');
            await sandbox.control('service.start');
            const later = await openClient(t, browser, `${site.origin}/`, sandbox, { requestAccess: false });
            assert.equal((await later.eval(() => mohr.info())).access, 'undecided');
            await assert.rejects(later.eval(() => mohr.requestAccess()), codeIs('user_cancelled'));
        });

        await t.test('a site that is denied in the settings is told so at once [R187]', async (t) => {
            const sandbox = await startSandbox(t);
            await sandbox.control('site.set', { origin: site.origin, access: 'deny' });
            const page = await openClient(t, browser, `${site.origin}/`, sandbox);
            const diagnosis = await page.eval(() => mohr.diagnose());
            assert.equal(diagnosis.state, 'blocked-for-this-site');
            await assert.rejects(page.eval(signing), codeIs('origin_denied'));
        });

        await t.test('a refused signature is user_cancelled and signs nothing [R188]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [access, { decision: 'deny' }] });
            await assert.rejects(page.eval(signing), codeIs('user_cancelled'));
        });

        await t.test('a site that keeps asking after refusals is silenced and told for how long [T15]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: 'deny' });
            const outcomes = await page.eval(async () => {
                const outcomes = [];
                for (let at = 0; at < 8; ++at) {
                    outcomes.push(await mohr.requestAccess().then(() => ({ code: 'granted' }), ({ code, details }) => ({ code, ...details })));
                }
                return outcomes;
            });
            assert.equal(outcomes[0].code, 'user_cancelled');
            assert.equal(outcomes.at(-1).code, 'origin_denied');
            assert.ok(outcomes.at(-1).retryAfter > 0);
            const diagnosis = await page.eval(() => mohr.diagnose());
            assert.deepEqual([diagnosis.state, diagnosis.access], ['blocked-for-this-site', 'silenced']);
        });

        await t.test('an abort ends the prompt and the next request is asked anew [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, {
                consent: [access, { ...allow, delay_ms: 60_000 }, allow],
            });
            const code = await page.eval(async () => {
                await mohr.requestAccess();
                const stop = new AbortController();
                const onConsent = (state) => state === 'shown' && stop.abort();
                const call = mohr.signRaw({ document: { name: 'a', content: 'x' } }, { signal: stop.signal, onConsent });
                return call.then(() => 'signed', (error) => error.code);
            });
            assert.equal(code, 'cancelled');
            const cms = await page.eval(async () => (await mohr.signCms({ document: { name: 'b', content: 'y' } })).cms.base64());
            await verifyCms(t, sandbox, cms, 'y');
        });

        await t.test('wrong PINs block the token and every later use is refused [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, { consent: [access, { ...allow, pin: 'wrong' }] });
            await assert.rejects(page.eval(signing), codeIs('pin_blocked'));
            await assert.rejects(page.eval(signing), codeIs('pin_blocked'));
            const info = JSON.stringify(await sandbox.control('token.info'));
            assert.match(info, /"[a-zA-Z]*[tT]riesLeft":0|"triesLeft":0|blocked/);
        });

        await t.test('a wrong PIN followed by the right one signs [R188]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [access, { ...allow, pin: 'wrong' }, allow] });
            assert.ok((await page.eval(signing)).signature);
        });

        await t.test('a page cannot send a PIN [T16]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const code = await page.eval(async () => {
                const document = { name: 'a', content: 'x' };
                return mohr.signRaw({ document, pin: '123456' }).then(() => 'signed', (error) => error.code);
            });
            assert.equal(code, 'invalid_params');
        });

        await t.test('switched off and on while the page is open, the page comes back by itself [R187]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            assert.ok((await page.eval(signing)).signature);
            await sandbox.control('service.stop');
            await eventually('the page to notice', () => page.eval(() => mohr.state.name === 'waiting'));
            assert.deepEqual(await page.eval(() => events.filter(({ name }) => name === 'service.stopping').map(({ event }) => event)), [{ reason: 'switched_off' }]);
            assert.equal(await page.eval(() => mohr.state.reason), 'switched_off');
            await sandbox.control('service.start');
            await eventually('the page to be back', () => page.eval(() => mohr.state.name === 'open'));
            assert.ok((await page.eval(signing)).signature);
        });

        await t.test('a daemon that ends fails what was under way and the diagnosis says not running [R187]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, {
                consent: [access, { ...allow, delay_ms: 60_000 }],
                client: { reconnect: false },
            });
            const code = page.eval(() => mohr.signRaw({ document: { name: 'a.txt', content: 'x' } }).then(() => 'signed', (error) => error.code));
            await eventually('the prompt', () => page.eval(() => events.some(({ name, event }) => name === 'consent.pending' && event.state === 'shown')));
            await sandbox.stop();
            assert.ok(['cancelled', 'connection_lost'].includes(await code), await code);
            assert.equal((await page.eval(() => mohr.diagnose())).state, 'not-running');
        });

        await t.test('a certificate chosen in one tab is nothing in another [R189]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, { consent: [access, allow] });
            const other = await openClient(t, browser, `${site.origin}/`, sandbox);
            const { handle } = await page.eval(() => mohr.selectCertificate('sign'));
            const use = (certificate) => mohr.signRaw({ document: { name: 'a', content: 'x' }, certificate });
            await assert.rejects(other.eval(use, handle), codeIs('certificate_not_found'));
            assert.ok((await page.eval(use, handle)).signature);
        });

        await t.test('two tabs sign at the same time and each gets its own answer [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, { consent: [access, { ...allow, delay_ms: 300 }] });
            const other = await openClient(t, browser, `${site.origin}/`, sandbox);
            await page.eval(() => mohr.requestAccess());
            const sign = async (content) => (await mohr.signCms({ document: { name: 'a', content } })).cms.base64();
            // One of them may be told that a prompt of this site waits already.
            const patient = `async (content) => {
                const sign = ${sign};
                for (;;) {
                    try { return await sign(content); }
                    catch (error) { if (error.code !== 'busy') throw error; await new Promise((done) => setTimeout(done, 100)); }
                }
            }`;
            const [first, second] = await Promise.all([page.eval(patient, 'first'), other.eval(patient, 'second')]);
            await verifyCms(t, sandbox, first, 'first');
            await verifyCms(t, sandbox, second, 'second');
        });

        await t.test('a page that closes during its prompt takes the prompt with it [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, {
                consent: [access, { ...allow, delay_ms: 60_000 }, allow],
            });
            void page.eval(signing).catch(() => undefined);
            await eventually('the prompt', () => page.eval(() => events.some(({ name, event }) => name === 'consent.pending' && event.state === 'shown')));
            await page.close();
            // Were the prompt still there, the next one would wait behind it for a minute.
            const next = await openClient(t, browser, `${site.origin}/`, sandbox);
            const started = Date.now();
            assert.ok((await next.eval(signing)).signature);
            assert.ok(Date.now() - started < 20_000);
        });
    });
}
