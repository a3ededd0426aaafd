// SPDX-License-Identifier: Apache-2.0
// While the person decides: polls, other sockets, a page that leaves; and what wrong PINs and a locked token come to.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { distribution, generationNames, openLegacy, openLegacySandbox, sampleConfig, soundJournal, verifyRaw } from './support/dastine/pages.mjs';
import { browsers, verifyCms } from './support/pages.mjs';
import { atEnd, eventually, slow } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

const allow = { decision: 'allow', pin: 'right' };
const rsa = { ...allow, certificate: 'RSA Silver' };
const deny = { decision: 'deny' };
const ask = (call) => legacy.ask(...call);
const select = ['SelectCertificateFromTokenByUI', '', ''];
const atMostMs = 50;

/** What a busy machine adds to every round trip shows in one to a server that only gives back what it got. */
async function startEcho(t) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())));
    atEnd(t, () => {
        for (const socket of server.clients) socket.terminate();
        server.close();
    });
    return `ws://127.0.0.1:${server.address().port}/`;
}

/** In the page: a signature whose dialog stays open, with both watches polling, and what came meanwhile. */
async function signWhilePolling(echoUrl) {
    const echo = new WebSocket(echoUrl);
    const echoes = [];
    echo.onmessage = ({ data }) => echoes.push(performance.now() - Number(data));
    const pinging = setInterval(() => echo.readyState === 1 && echo.send(String(performance.now())), 100);
    await legacy.ask('SelectCertificateFromTokenByUI', '', '');
    const watches = [await legacy.ask('SetTokenRemoveEvent'), await legacy.ask('SetTokenInsertEvent')];
    const started = performance.now();
    const signature = await legacy.ask('Sign', 'QUJD', 'SHA256');
    const seconds = (performance.now() - started) / 1000;
    clearInterval(pinging);
    echo.close();
    const { replies, ...journal } = legacy.journal.report();
    const polls = replies.filter(({ command }) => command.endsWith('Handler'));
    return { watches, seconds, signature, polls, echoes, ...journal };
}

async function pollThrough(t, browser, site, generation, seconds) {
    // With the usual 20 s a dialog ends after a minute: the wire's own dialog of 60 s needs a longer one.
    const { page } = await openLegacySandbox(t, browser, site, {
        generation, consent: [rsa, { ...rsa, delay_ms: seconds * 1000 }], client: { config: sampleConfig(58_000, 90) },
    });
    const seen = await page.eval(signWhilePolling, await startEcho(t));
    assert.deepEqual(seen.watches, ['0', '0']);
    assert.ok(seen.seconds >= seconds, `the dialog was open for ${seen.seconds} s`);
    assert.ok(seen.signature.length > 100);
    assert.deepEqual(seen.faults, []);
    const times = seen.polls.map(({ ms }) => ms);
    if (times.length > 0) t.diagnostic(`${generation}, ${seconds} s: ${distribution(times)}; echoes: ${distribution(seen.echoes)}`);
    assert.deepEqual([...new Set(seen.polls.map(({ result }) => result))].filter((result) => result !== '10'), [], 'nothing has happened to the token');
    if (generation === 'G0') {
        // Its flag is up as long as the dialog: it drops its own polls, and afterwards goes on.
        assert.ok(seen.dropped.length >= seconds * 3);
        await eventually('it answers again', async () => (await page.eval(ask, ['GetVersion'])).startsWith('5.'));
    } else {
        assert.ok(times.length >= seconds * 3.5, `${times.length} polls`);
        const late = times.filter((ms) => ms > atMostMs + Math.max(...seen.echoes));
        assert.deepEqual(late, []);
    }
    await eventually('every poll is answered', () => page.eval(() => legacy.journal.missing.length === 0));
}

for (const [name, launch] of browsers) {
    test(`dialogs of the old wire in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);
        const open = (t, options) => openLegacySandbox(t, browser, site, { generation: 'G1', ...options });

        for (const generation of generationNames) {
            await t.test(`${generation} polls twice a second through a dialog of 3 s [R190]`, (t) => pollThrough(t, browser, site, generation, 3));
        }

        await t.test('polls twice a second go through a dialog of 60 s [slow] [R190]', slow, async (t) => {
            for (const generation of ['G0', 'G3']) await pollThrough(t, browser, site, generation, 60);
        });

        await t.test('three sockets of one page share a selection, and each gets its own replies [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa, { ...rsa, delay_ms: 500 }] });
            const seen = await page.eval(async () => {
                const clients = [legacy, new LegacyClient('G1', settings), new LegacyClient('G1', settings)];
                while (!clients.every(({ initialised }) => initialised)) await new Promise((done) => setTimeout(done, 20));
                const selected = await clients[0].ask('SelectCertificateFromTokenByUI', '', '');
                const certificates = await Promise.all(clients.map((client) => client.ask('GetSelectedCertificate')));
                const signatures = await Promise.all(clients.map((client, at) => client.ask('Sign', btoa(`content ${at}`), 'SHA256')));
                return { selected, certificates, signatures, journals: clients.map(({ journal }) => [journal.faults, journal.missing]) };
            });
            assert.equal(seen.selected, '0');
            assert.equal(new Set(seen.certificates).size, 1);
            for (const [at, signature] of seen.signatures.entries()) await verifyRaw(t, seen.certificates[0], 'sha256', `content ${at}`, signature);
            assert.deepEqual(seen.journals, Array(3).fill([[], []]));
        });

        await t.test('what touches keys runs one after the other, in the order it was asked for [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa, { ...rsa, delay_ms: 300 }] });
            const seen = await page.eval(async () => {
                const before = legacy.journal.replies.length;
                const certificate = legacy.ask('SelectCertificateFromTokenByUI', '', '').then(() => legacy.ask('GetSelectedCertificate'));
                // Not waited for: the page sends all of them in one breath.
                const results = await Promise.all([legacy.ask('Sign', btoa('one'), 'SHA256'), legacy.ask('CmsSign', btoa('two'), false, 'SHA256')]);
                const order = legacy.journal.replies.slice(before).map(({ command }) => command);
                return { order, results, certificate: await certificate };
            });
            assert.deepEqual(seen.order.filter((command) => command !== 'GetSelectedCertificate'), ['SelectCertificateFromTokenByUI', 'Sign', 'CmsSign']);
            await verifyRaw(t, seen.certificate, 'sha256', 'one', seen.results[0]);
        });

        await t.test('a page that leaves takes its dialog with it, and the next one is asked anew [R188] [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [{ ...rsa, delay_ms: 60_000 }, rsa] });
            await page.eval(() => void legacy.ask('SelectCertificateFromTokenByUI', '', ''));
            await page.eval(() => new Promise((done) => setTimeout(done, 300)));
            await page.close();
            const next = await openLegacy(t, browser, site, sandbox, { generation: 'G1' });
            assert.equal(await next.eval(ask, select), '0');
        });

        await t.test('a cancelled PIN is 18 and the selection stays [R188] [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa, deny, rsa] });
            await page.eval(ask, select);
            assert.equal(await page.eval(ask, ['Sign', 'QUJD', 'SHA256']), '18');
            assert.ok((await page.eval(ask, ['Sign', 'QUJD', 'SHA256'])).length > 100);
        });

        await t.test('wrong PINs down to the last try are 29, and so is every use of a key afterwards [R188] [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa, { ...rsa, pin: 'wrong' }] });
            await page.eval(ask, select);
            for (const call of [['Sign', 'QUJD', 'SHA256'], ['Sign', 'QUJD', 'SHA256'], ['CmsSign', 'QUJD', false, 'SHA256']]) assert.equal(await page.eval(ask, call), '29');
            assert.equal((await sandbox.control('token.info')).user.blocked, true);
            await soundJournal(page);
        });

        await t.test('a wrong PIN that is corrected in the dialog signs [R188] [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa, { ...rsa, pin: 'wrong' }, rsa] });
            await page.eval(ask, select);
            assert.ok((await page.eval(ask, ['Sign', 'QUJD', 'SHA256'])).length > 100);
        });

        await t.test('a token that is locked by the person fires the watch for removal once [R190]', async (t) => {
            const { page, sandbox } = await open(t, { generation: 'G3', consent: [rsa] });
            await page.eval(ask, select);
            await page.eval(ask, ['Sign', 'QUJD', 'SHA256']);
            await page.eval(async () => {
                globalThis.fired = [];
                legacy.onToken.TokenRemoveHandler = () => fired.push('removed');
                await legacy.ask('SetTokenRemoveEvent');
            });
            await page.eval(() => new Promise((done) => setTimeout(done, 1200)));
            assert.deepEqual(await page.eval(() => fired), []);
            await sandbox.control('token.lock');
            await eventually('the watch fires', () => page.eval(() => fired.length > 0));
            await page.eval(() => new Promise((done) => setTimeout(done, 1200)));
            assert.deepEqual(await page.eval(() => fired), ['removed']);
            const again = await page.eval(async () => [await legacy.ask('SetTokenRemoveEvent'), await legacy.ask('SetTokenRemoveEvent')]);
            assert.deepEqual(again, ['0', '17']);
        });

        await t.test('switched off and on, a reloaded page works as before [R187] [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            await sandbox.control('service.stop');
            await eventually('the page notices', () => page.eval(() => legacy.status === 'DASTINE_SERVICE_IS_CLOSED'));
            await sandbox.control('service.start');
            const next = await openLegacy(t, browser, site, sandbox, { generation: 'G1' });
            assert.equal(await next.eval(ask, ['GetSelectedCertificate']), '11');
            assert.equal(await next.eval(ask, select), '0');
        });

        await t.test('a refused site gets 20 for what touches keys, and its polls go on [R187] [R190]', async (t) => {
            const { page, sandbox } = await open(t, { consent: 'allow' });
            await sandbox.control('site.set', { origin: site.origin, access: 'deny' });
            for (const call of [select, ['Sign', 'QUJD', 'SHA256'], ['CmsDecrypt', 'QUJD'], ['ListTokens'], ['GenerateKeyPairAndCertificateRequest', 'CN=A', 2048, '']]) {
                assert.equal(await page.eval(ask, call), '20', call[0]);
            }
            assert.match(await page.eval(ask, ['GetVersion']), /^5\./);
            assert.notEqual(await page.eval(ask, ['TokenInsertHandler']), '0');
        });

        await t.test('Sign takes a DigestInfo as it is, bare hashes of four lengths, and data of any other [R190]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const certificate = await page.eval(ask, ['GetSelectedCertificate']);
            const content = Buffer.from('what is signed');
            const sign = (data, hash) => page.eval(ask, ['Sign', data.toString('base64'), hash]);
            for (const digest of ['sha1', 'sha256', 'sha384', 'sha512']) {
                await verifyRaw(t, certificate, digest, content, await sign(createHash(digest).update(content).digest(), ''));
                await verifyRaw(t, certificate, digest, content, await sign(content, digest.toUpperCase()));
            }
            const digestInfo = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), createHash('sha256').update(content).digest()]);
            await verifyRaw(t, certificate, 'sha256', content, await sign(digestInfo, null));
            await verifyRaw(t, certificate, 'sha1', content, await sign(content, ''));
        });

        await t.test('CmsSign of 20 MiB is signed, and openssl verifies it [R190] [R192]', async (t) => {
            const { page, sandbox } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const size = 20 * 1024 * 1024;
            const seen = await page.eval(async (size) => {
                const bytes = new Uint8Array(size).map((_value, at) => at % 251);
                let text = '';
                // In parts that are whole groups of three bytes, so that the base64 of the parts is the base64 of the whole.
                for (let at = 0; at < size; at += 30_000) text += btoa(String.fromCharCode(...bytes.subarray(at, at + 30_000)));
                const started = performance.now();
                const cms = await legacy.ask('CmsSign', text, false, 'SHA256');
                return { cms, seconds: (performance.now() - started) / 1000 };
            }, size);
            t.diagnostic(`${seen.seconds.toFixed(2)} s`);
            await verifyCms(t, sandbox, seen.cms, Buffer.alloc(size).map((_value, at) => at % 251));
            await soundJournal(page);
        });

        await t.test('an attached signature over 6 MiB comes back whole in one text frame [R190] [R192]', async (t) => {
            const { page } = await open(t, { consent: [rsa] });
            await page.eval(ask, select);
            const seen = await page.eval(async (size) => {
                const part = btoa('abc'.repeat(10_000));
                const cms = await legacy.ask('CmsSign', part.repeat(size), true, 'SHA256');
                return { length: cms.length, good: /^[A-Za-z0-9+/]+={0,2}$/.test(cms) };
            }, 200);
            assert.ok(seen.good && seen.length > 8_000_000, JSON.stringify(seen));
        });
    });

    test(`one site, two pages of the old wire in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);
        const sandbox = await startSandbox(t, { consent: [{ ...rsa, delay_ms: 400 }] });

        await t.test('two tabs sign at the same time and each gets its own answer [R188] [R190]', async (t) => {
            const pages = [];
            for (let at = 0; at < 2; ++at) pages.push(await openLegacy(t, browser, site, sandbox, { generation: 'G2' }));
            const sign = async (text) => {
                const selected = await legacy.ask('SelectCertificateFromTokenByUI', '', '');
                return selected === '0' ? legacy.ask('CmsSign', btoa(text), false, 'SHA256') : selected;
            };
            const signed = await Promise.all(pages.map((page, at) => page.eval(sign, `tab ${at}`)));
            for (const [at, cms] of signed.entries()) await verifyCms(t, sandbox, cms, `tab ${at}`);
        });
    });
}
