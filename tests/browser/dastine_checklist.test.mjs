// SPDX-License-Identifier: Apache-2.0
// What hangs or breaks existing pages when a service gets it wrong: one test for each line of the list, in each browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64ToUnicode } from './support/dastine/text.mjs';
import {
    certificateOf, distribution, generationNames, initialised, legacyUrls, openLegacy, openLegacySandbox, sampleConfig, sealTo, soundJournal, verifyRaw,
} from './support/dastine/pages.mjs';
import { resultCodes } from './support/dastine/results.mjs';
import { browsers, verifyCms } from './support/pages.mjs';
import { atEnd, eventually, slow } from './support/processes.mjs';
import { freePorts, startSandbox } from './support/sandbox.mjs';
import { makeTlsIdentity, startSite } from './support/site.mjs';

const allow = { decision: 'allow', pin: 'right' };
const rsa = { ...allow, certificate: 'RSA Silver' };
const deny = { decision: 'deny' };
const ask = (call) => legacy.ask(...call);
const select = ['SelectCertificateFromTokenByUI', '', ''];
const plainBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

for (const [name, launch] of browsers) {
    test(`the checklist of the old wire in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);
        const open = (t, options) => openLegacySandbox(t, browser, site, { generation: 'G1', ...options });

        await t.test('1: the reply to every command, an unsupported one too, comes once, under its name and as text [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            const commands = ['ReadFaceImage', 'Nonsense', 'Reset', 'CheckUpdate', 'SelectCertificateFromTokenByUI', 'GetSelectedCertificate', 'Reset'];
            const raw = await page.eval(async (commands) => {
                const replies = [];
                legacy.sockets.at(-1).addEventListener('message', ({ data }) => replies.push(JSON.parse(data)));
                for (const command of commands) await legacy.ask(command);
                await new Promise((done) => setTimeout(done, 300));
                return replies;
            }, commands);
            assert.deepEqual(raw.map(({ command }) => command), commands);
            for (const reply of raw) assert.equal(typeof reply.Result, 'string');
            await soundJournal(page);
        });

        await t.test('2: an unsupported command is answered fast, so that G0 goes on [R190]', async (t) => {
            const { page } = await open(t, { generation: 'G0' });
            const times = await page.eval(async () => {
                const times = [];
                for (const command of ['InstallUpdate', 'ReadPrintedData', 'NoSuchThing', 'OpenFingerPrintScanner', 'SetAdminKey']) {
                    const started = performance.now();
                    if ((await legacy.ask(command)) === 'dropped') throw new Error(`${command} was dropped`);
                    times.push(performance.now() - started);
                }
                return times;
            });
            t.diagnostic(distribution(times));
            assert.ok(Math.min(...times) < 50);
            assert.deepEqual((await soundJournal(page)).dropped, []);
        });

        await t.test('3: polls are answered at once while a dialog is open [R190]', async (t) => {
            const { page } = await open(t, { consent: [{ ...rsa, delay_ms: 3_000 }] });
            const journal = await page.eval(async () => {
                await legacy.ask('SetTokenInsertEvent');
                await legacy.ask('SelectCertificateFromTokenByUI', '', '');
                return legacy.journal.report();
            });
            const polls = journal.replies.filter(({ command }) => command === 'TokenInsertHandler');
            t.diagnostic(distribution(polls.map(({ ms }) => ms)));
            assert.ok(polls.length >= 5, `${polls.length} polls in three seconds`);
            assert.ok(Math.max(...polls.map(({ ms }) => ms)) < 250, 'none waits for the dialog');
            assert.deepEqual(journal.faults, []);
        });

        await t.test('4: a keep-alive is never answered and nothing comes unasked [R190]', async (t) => {
            const { page, sandbox } = await open(t, { generation: 'G0' });
            const received = await page.eval(async () => {
                const before = legacy.journal.replies.length;
                for (let at = 0; at < 5; ++at) legacy.sendText('{"command":"DastineIsAlive","src":"dastine.js","info":"AAAAAAAAAAAAAAA"}');
                await legacy.ask('GetVersion');
                return legacy.journal.replies.slice(before).map(({ command }) => command);
            });
            // A change of the token is news that the old wire has no place for.
            await sandbox.control('token.lock');
            await page.eval(() => new Promise((done) => setTimeout(done, 700)));
            assert.deepEqual(received, ['GetVersion']);
            await soundJournal(page);
        });

        await t.test('5: GetVersion comes before SetConfig in G0, SetConfig always has a reply, and commands work before it [R190]', async (t) => {
            const sandbox = await startSandbox(t, { consent: [rsa] });
            for (const generation of generationNames) {
                const page = await openLegacy(t, browser, site, sandbox, { generation, settle: false, config: '' });
                await initialised(page);
                assert.match(await page.eval(() => legacy.version), /^5\./);
            }
            const early = await openLegacy(t, browser, site, sandbox, { settle: false });
            const results = await early.eval(async () => {
                // A second client, whose page asks before its first words are out.
                const client = new LegacyClient('G1', settings);
                const selected = client.ask('SelectCertificateFromTokenByUI', '', '');
                return [await selected, (await client.ask('GetSelectedCertificate')).length > 100];
            });
            assert.deepEqual(results, ['0', true]);
        });

        await t.test('6: the version passes a comparison as text, and G0 counts as installed only then [R190]', async (t) => {
            const sandbox = await startSandbox(t);
            for (const generation of generationNames) {
                const page = await openLegacy(t, browser, site, sandbox, { generation, minimumVersion: '5,0,4,5' });
                assert.deepEqual(await page.eval(() => [legacy.version < '5,0,4,5', legacy.status, legacy.installed]), [false, '', true]);
                assert.match(await page.eval(() => legacy.version), /^5(\.\d+){3}$/);
            }
        });

        await t.test('7: frames are text, and 58 thousand characters are no matter on every load [R190] [R192]', async (t) => {
            const sandbox = await startSandbox(t);
            for (let load = 0; load < 3; ++load) {
                const page = await openLegacy(t, browser, site, sandbox, { config: sampleConfig(60_000) });
                await soundJournal(page);
            }
        });

        await t.test('8: an idle socket stays, and after the daemon was gone a reload or a new start is all it takes [R190]', async (t) => {
            const [plain, tls] = await freePorts(2);
            const ports = { plain, tls };
            const sandbox = await startSandbox(t, { ports, shorten: 60 });
            const page = await openLegacy(t, browser, site, sandbox, { generation: 'G3' });
            const idle = await page.eval(async (url) => {
                const silent = new WebSocket(url);
                await new Promise((resolve) => (silent.onopen = resolve));
                // Half a minute and more for the timers of this sandbox.
                await new Promise((resolve) => setTimeout(resolve, 3000));
                return [silent.readyState, legacy.sockets.at(-1).readyState];
            }, legacyUrls(sandbox).plain);
            assert.deepEqual(idle, [1, 1]);
            await sandbox.stop();
            await eventually('the page notices', () => page.eval(() => legacy.status === 'DASTINE_SERVICE_IS_CLOSED'));
            const again = await startSandbox(t, { ports, directory: sandbox.directory });
            await page.eval(() => legacy.open());
            assert.match(await page.eval(ask, ['GetVersion']), /^5\./);
            const reloaded = await openLegacy(t, browser, site, again, { generation: 'G0' });
            assert.equal(await reloaded.eval(ask, ['GetSelectedCertificate']), '11');
        });

        await t.test('9: SelectCertificateFromWindowsByUI means all that the person has [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [{ ...allow, certificate: 'EC Silver' }] });
            assert.equal(await page.eval(ask, ['SelectCertificateFromWindowsByUI', '', '']), '0');
            const chosen = await page.eval(ask, ['GetSelectedCertificate']);
            assert.match(certificateOf(chosen).subject, /EC Silver/);
            assert.ok(sandbox);
        });

        await t.test('10: payloads are base64 on one line, padded, without armour [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            for (const call of [['GetSelectedCertificate'], ['Sign', 'QUI=', 'SHA256'], ['CmsSign', 'QUI=', true, 'SHA256'], ['GenerateCertificateRequestBySelectedCertificate']]) {
                const result = await page.eval(ask, call);
                assert.match(result, plainBase64, call[0]);
                assert.ok(result.length > 3);
            }
            const found = await page.eval(() => new Promise((resolve) => {
                legacy.sockets.at(-1).addEventListener('message', ({ data }) => resolve(JSON.parse(data).Result), { once: true });
                legacy.call('FindCertificateFromToken', ['', '']);
            }));
            assert.match(base64ToUnicode(found), /RSA Silver/);
        });

        await t.test('11: a cancelled or failed selection leaves nothing selected, after a Reset and without one [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa, deny, rsa, deny, rsa] });
            const after = async (...calls) => {
                const results = [];
                for (const call of calls) results.push(await page.eval(ask, call));
                return results.map((result) => (result.length > 3 ? 'payload' : result));
            };
            const get = ['GetSelectedCertificate'];
            assert.deepEqual(await after(select, get), ['0', 'payload']);
            assert.deepEqual(await after(['Reset'], select, get), ['0', '18', '11']);
            assert.deepEqual(await after(select, get, select, get), ['0', 'payload', '18', '11']);
            assert.deepEqual(await after(select, ['SelectCertificateByThumbprint', '00'.repeat(20), 'SHA1'], get), ['0', '23', '11']);
        });

        await t.test('12: state follows origin and session, not the socket; other sessions and origins have their own [R189] [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const chosen = await page.eval(ask, ['GetSelectedCertificate']);
            assert.ok(chosen.length > 100, chosen);
            await page.eval(() => legacy.open());
            await eventually('the second socket is open', () => page.eval(() => legacy.sockets.length > 1 && legacy.sockets.at(-1).readyState === 1));
            assert.equal(await page.eval(ask, ['GetSelectedCertificate']), chosen);
            const info = await page.eval(() => sessionStorage.getItem('session-id'));
            // A reload keeps the session; another tab has one of its own; another origin has nothing of it, even by its name.
            await page.goto(`${site.origin}/`);
            const use = async ({ urls, info }) => {
                const { LegacyClient } = await import('/dastine/client.mjs');
                if (info) sessionStorage.setItem('session-id', info);
                const client = new LegacyClient('G1', { urls, config: '' });
                return client.ask('GetSelectedCertificate');
            };
            const urls = legacyUrls(sandbox);
            assert.equal(await page.eval(use, { urls }), chosen);
            const tab = await browser.newPage(`${site.origin}/`);
            atEnd(t, () => tab.close());
            assert.equal(await tab.eval(use, { urls }), '11');
            const elsewhere = await browser.newPage(`${(await startSite(t)).origin}/`);
            atEnd(t, () => elsewhere.close());
            assert.equal(await elsewhere.eval(use, { urls, info }), '11');
        });

        await t.test('13: after a Reset a page goes on without sending its configuration again [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            for (let round = 0; round < 2; ++round) {
                for (const call of [['Reset'], select]) assert.equal(await page.eval(ask, call), '0');
                await verifyCms(t, sandbox, await page.eval(ask, ['CmsSign', 'QUJD', false, 'SHA256']), 'ABC');
            }
            assert.equal((await soundJournal(page)).replies.filter(({ command }) => command === 'SetConfig').length, 1);
        });

        await t.test('13: the dialog time that a configuration asked for holds after a Reset too [slow] [R190] [R192]', slow, async (t) => {
            const { page } = await open(t, {
                consent: [{ ...rsa, delay_ms: 115_000 }],
                client: { config: '<Configuration><PINWindowTimeout>70</PINWindowTimeout></Configuration>' },
            });
            await page.eval(ask, ['Reset']);
            const started = performance.now();
            assert.equal(await page.eval(ask, select), '13');
            const seconds = (performance.now() - started) / 1000;
            assert.ok(seconds > 65 && seconds < 90, `${seconds} s`);
        });

        await t.test('14: attach may be text, lengths and indexes numbers or text, filters null, empty or missing [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            for (const filters of [[null, null], ['', ''], []]) assert.equal(await page.eval(ask, ['SelectCertificateFromTokenByUI', ...filters]), '0');
            const content = Buffer.from('attach');
            for (const [attach, attached] of [[true, true], ['true', true], [1, true], ['1', true], [false, false], ['SHA1', false], [null, false], ['', false]]) {
                const cms = await page.eval(ask, ['CmsSign', content.toString('base64'), attach, 'SHA256']);
                assert.equal(Buffer.from(cms, 'base64').includes(content), attached, String(attach));
                if (!attached) await verifyCms(t, sandbox, cms, content);
            }
            for (const index of [3, '3', null]) assert.equal(await page.eval(ask, ['ReadCustomField', index]), '83');
            for (const length of [2048, '2048']) {
                const request = await page.eval(ask, ['GenerateKeyPairAndCertificateRequest', 'CN=Length', length, '']);
                assert.match(request, plainBase64, String(length));
            }
        });

        await t.test('15: what is no payload is a code of the table, and success is 0 [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            assert.equal(await page.eval(ask, select), '0');
            const wrong = [
                ['Sign', '', 'SHA256'], ['Sign', '%%%', 'SHA256'], ['Sign', 'QUI=', 'MD5'], ['Sign', 'QUI=', 'none'], ['CmsSign', '', false], ['CmsSign', 'QQ', false],
                ['CmsSign', 'QUI=', false, 'MD5'], ['CmsDecrypt', ''], ['CmsDecrypt', 'QUI='], ['CmsDecrypt', '%'], ['Decrypt', ''], ['Decrypt', 'QUI='],
                ['ImportIssuedCertificate', 'QUI='], ['ImportIssuedCertificate', '%'], ['GenerateKeyPairAndCertificateRequest', 'no name', 2048, ''],
                ['GenerateKeyPairAndCertificateRequest', 'CN=A', 'many', ''], ['SelectCertificateByThumbprint', 'zz', ''], ['SelectCertificateByThumbprint', '00'.repeat(20), 'MD5'],
            ];
            const results = [];
            for (const call of wrong) results.push([call.join(' '), await page.eval(ask, call)]);
            t.diagnostic(results.map(([call, result]) => `${call.slice(0, 50)}: ${result}`).join('; '));
            assert.deepEqual(results.filter(([, result]) => !resultCodes.has(result) || result === '0'), []);
            const of = Object.fromEntries(results);
            assert.deepEqual([of['Sign  SHA256'], of['Sign %%% SHA256'], of['Sign QUI= MD5'], of['CmsSign  false'], of['CmsSign QQ false']], ['35', '34', '12', '35', '34']);
        });

        await t.test('16: SHA-1 is there for Sign and CmsSign, and openssl verifies it [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const certificate = await page.eval(ask, ['GetSelectedCertificate']);
            const content = Buffer.from('sha-1 is old');
            const signature = await page.eval(ask, ['Sign', content.toString('base64'), 'SHA1']);
            await verifyRaw(t, certificate, 'sha1', content, signature);
            await assert.rejects(verifyRaw(t, certificate, 'sha256', content, signature));
            // The script itself fills in SHA1 where the page names nothing.
            for (const hash of ['SHA1', '', undefined, 'sha-1']) await verifyCms(t, sandbox, await page.eval(ask, ['CmsSign', content.toString('base64'), false, hash]), content);
        });

        await t.test('17: CmsDecrypt needs no selection and comes in bursts [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const certificate = await page.eval(ask, ['GetSelectedCertificate']);
            await page.eval(ask, ['Reset']);
            const ciphers = [];
            for (let at = 0; at < 6; ++at) ciphers.push(await sealTo(t, certificate, `key ${at}`, at % 2 === 0 ? '-des3' : '-aes-256-cbc', ...(at > 3 ? ['-keyopt', 'rsa_padding_mode:oaep'] : [])));
            const opened = await page.eval(async (ciphers) => {
                const opened = [];
                for (const cipher of ciphers) opened.push(await legacy.ask('CmsDecrypt', cipher));
                return opened;
            }, ciphers);
            assert.deepEqual(opened.map((result) => Buffer.from(result, 'base64').toString()), ciphers.map((_cipher, at) => `key ${at}`));
        });

        await t.test('19: a page finds the service on an extra port, as G3\'s dedicated ones [R190]', async (t) => {
            const [plain, tls, extra] = await freePorts(3);
            const sandbox = await startSandbox(t, { ports: { plain, tls, extra: [extra] } });
            const dedicated = `ws://127.0.0.1:${extra}/dastine`;
            const page = await openLegacy(t, browser, site, sandbox, { generation: 'G3', urls: { ...legacyUrls(sandbox), plain: 'ws://127.0.0.1:1/dastine', dedicated } });
            assert.equal(await page.eval(() => legacy.sockets.at(-1).url), dedicated);
        });
    });

    test(`18: secure pages in ${name}`, async (t) => {
        const sandbox = await startSandbox(t, { consent: [rsa] });
        const identity = await makeTlsIdentity(t, 'site.test');
        const secure = await startSite(t, { host: 'site.test', tls: identity });
        const names = (roots) =>
            name === 'chromium'
                ? { roots, flags: ['--host-resolver-rules=MAP site.test 127.0.0.1'] }
                : { roots, preferences: { 'network.dns.localDomains': 'site.test' } };

        await t.test('18: with the root trusted every generation is installed on an https page and signs [R190] [R191]', async (t) => {
            const browser = await launch(t, names([identity.rootFile, sandbox.ca]));
            for (const generation of generationNames) {
                const page = await openLegacy(t, browser, secure, sandbox, { generation });
                assert.equal(new URL(await page.eval(() => legacy.sockets.at(-1).url)).protocol, generation === 'G0' ? 'ws:' : 'wss:');
                assert.equal(await page.eval(ask, select), '0');
                const certificate = await page.eval(ask, ['GetSelectedCertificate']);
                await verifyRaw(t, certificate, 'sha256', 'secure', await page.eval(ask, ['Sign', Buffer.from('secure').toString('base64'), 'SHA256']));
            }
        });

        await t.test('18: without the root G1 says that the ports are closed, and G0 works over the plain one [R190] [R191]', async (t) => {
            const browser = await launch(t, names([identity.rootFile]));
            const page = await openLegacy(t, browser, secure, sandbox, { generation: 'G1', settle: false });
            await eventually('it gives up', () => page.eval(() => legacy.status === 'DASTINE_PORTS_ARE_CLOSED'));
            assert.equal(await page.eval(() => legacy.installed), false);
            await openLegacy(t, browser, secure, sandbox, { generation: 'G0' });
        });
    });
}
