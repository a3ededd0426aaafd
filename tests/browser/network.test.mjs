// SPDX-License-Identifier: Apache-2.0
// Who may connect, over what, and what a page can find out when it cannot.
import assert from 'node:assert/strict';
import { createVerify, createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer as createPlain } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTls } from 'node:tls';
import { launchChromium } from './support/chromium.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { browsers, openClient, openSandbox } from './support/pages.mjs';
import { atEnd, eventually, slow, temporaryDirectory } from './support/processes.mjs';
import { freePorts, startSandbox } from './support/sandbox.mjs';
import { makeTlsIdentity, startSite } from './support/site.mjs';

const MiB = 1024 * 1024;

/** In the page: does a bare WebSocket open? */
async function opens(url) {
    return new Promise((resolve) => {
        let socket;
        try {
            socket = new WebSocket(url, 'mohr.v1');
        } catch {
            resolve('refused');
            return;
        }
        socket.onopen = () => {
            socket.close();
            resolve('open');
        };
        socket.onclose = socket.onerror = () => resolve('refused');
    });
}

// A frame of its own that tries to connect and tells its parent.
const frameScript = (url) => `<script>(${opens})(${JSON.stringify(url)}).then((result) => parent.postMessage(result, '*'))<\/script>`;

/** In the page: what a frame with these attributes reports. */
async function tryFrame({ attributes, html }) {
    const frame = document.createElement('iframe');
    for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
    const heard = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }));
    if (html !== undefined) frame.srcdoc = html;
    document.body.append(frame);
    const result = await heard;
    frame.remove();
    return result;
}

for (const [name, launch] of browsers) {
    const rebinding =
        name === 'chromium'
            ? { flags: ['--host-resolver-rules=MAP rebind.test 127.0.0.1'] }
            : { preferences: { 'network.dns.localDomains': 'rebind.test' } };

    test(`the front door in ${name}`, async (t) => {
        const browser = await launch(t, rebinding);
        const site = await startSite(t);
        const { sandbox, page } = await openSandbox(t, browser, site, { client: { connect: false } });

        await t.test('frames without an origin are refused where a frame with one connects [T03]', async () => {
            const html = frameScript(sandbox.ws);
            // The same frame, not sandboxed, shows that it is the origin that decides.
            assert.equal(await page.eval(tryFrame, { attributes: {}, html }), 'open');
            assert.equal(await page.eval(tryFrame, { attributes: { sandbox: 'allow-scripts' }, html }), 'refused');
            const data = `data:text/html;base64,${Buffer.from(html).toString('base64')}`;
            assert.equal(await page.eval(tryFrame, { attributes: { src: data } }), 'refused');
        });

        await t.test('what a frame asks for is asked in its own name, not in that of the page around it [T12]', async (t) => {
            const widget = `<!doctype html><script type="module">
                import { Mohr } from '/client/index.js';
                const mohr = new Mohr({ ws: ${JSON.stringify(sandbox.ws)}, transport: 'ws' });
                mohr.connect().then((info) => parent.postMessage(info.origin, '*'), (error) => parent.postMessage(error.code, '*'));
            <\/script>`;
            const other = await startSite(t, { pages: { '/widget': widget } });
            assert.equal(await page.eval(tryFrame, { attributes: { src: `${other.origin}/widget` } }), other.origin);
        });

        await t.test('a page from a file is refused [T03]', async (t) => {
            const file = join(await temporaryDirectory(t, 'file-page'), 'page.html');
            await writeFile(file, '<!doctype html><title>file</title>');
            const filePage = await browser.newPage(`file://${file}`);
            assert.equal(await filePage.eval(opens, sandbox.ws), 'refused');
            await filePage.close();
            assert.equal(await page.eval(opens, sandbox.ws), 'open');
        });

        await t.test('a host name that resolves to this machine is refused [T04]', async () => {
            // That the name leads here at all is shown by the site's own port.
            const reach = await page.eval((url) => fetch(url, { mode: 'no-cors' }).then(() => 'reached', () => 'not reached'), `http://rebind.test:${site.port}/`);
            assert.equal(reach, 'reached');
            assert.equal(await page.eval(opens, sandbox.ws), 'open');
            assert.equal(await page.eval(opens, sandbox.ws.replace('127.0.0.1', 'rebind.test')), 'refused');
        });

        await t.test('other names and addresses of this machine are refused [T05]', async () => {
            for (const alias of ['localhost', '[::1]', 'localhost.', 'foo.localhost', '0.0.0.0', '[::ffff:127.0.0.1]', '[::]']) {
                assert.equal(await page.eval(opens, sandbox.ws.replace('127.0.0.1', alias)), 'refused', alias);
            }
            assert.equal(await page.eval(opens, sandbox.ws.replace('127.0.0.1', '127.1')), 'open', 'browsers make it 127.0.0.1');
        });

        await t.test('another path is refused [T01]', async () => {
            assert.equal(await page.eval(opens, sandbox.ws.replace('/v1', '/')), 'refused');
            assert.equal(await page.eval(opens, sandbox.ws.replace('/v1', '/v2')), 'refused');
        });

        await t.test('fetch learns nothing from the port [T06]', async () => {
            const fetched = await page.eval(async (url) => fetch(url).then(() => 'readable', () => 'opaque'), sandbox.ws.replace('ws:', 'http:'));
            assert.equal(fetched, 'opaque');
        });

        await t.test('a policy of the page itself is told from a service that is not there', async (t) => {
            const strict = await startSite(t, { headers: { 'Content-Security-Policy': "default-src 'self'; connect-src 'self'" } });
            const blocked = await openClient(t, browser, `${strict.origin}/`, sandbox, { connect: false, reconnect: false });
            assert.equal((await blocked.eval(() => mohr.diagnose())).state, 'blocked-by-page-policy');
        });

        await t.test('the eleventh connection of a site is refused [R192] [T09]', async (t) => {
            const own = await startSandbox(t);
            const opened = await page.eval(async (url) => {
                const sockets = Array.from({ length: 11 }, () => new WebSocket(url, 'mohr.v1'));
                const outcomes = await Promise.all(
                    sockets.map((socket) => new Promise((resolve) => {
                        socket.onopen = () => resolve('open');
                        socket.onclose = () => resolve('refused');
                    })),
                );
                for (const socket of sockets) socket.close();
                return outcomes;
            }, own.ws);
            assert.equal(opened.filter((outcome) => outcome === 'open').length, 10);
        });
    });

    test(`TLS in ${name}`, async (t) => {
        const sandbox = await startSandbox(t);
        const identity = await makeTlsIdentity(t, 'site.test');
        const secure = await startSite(t, { host: 'site.test', tls: identity });
        const names = (roots) =>
            name === 'chromium'
                ? { roots, flags: ['--host-resolver-rules=MAP site.test 127.0.0.1'] }
                : { roots, preferences: { 'network.dns.localDomains': 'site.test' } };

        await t.test('with the root trusted a secure page signs over wss and over ws [R191]', async (t) => {
            const browser = await launch(t, names([identity.rootFile, sandbox.ca]));
            for (const transport of ['wss', 'ws']) {
                const page = await openClient(t, browser, `${secure.origin}/`, sandbox, { transport, connect: false });
                const diagnosis = await page.eval(() => mohr.diagnose({ interactive: true }));
                assert.equal(diagnosis.state, 'ready', JSON.stringify(diagnosis.attempts));
                assert.equal(diagnosis.info.origin, secure.origin);
                assert.equal(await page.eval(() => mohr.state.transport), transport);
                assert.ok((await page.eval(() => mohr.signRaw({ document: { name: 'a', content: 'x' } }))).signature);
            }
        });

        await t.test('without the root wss fails and the diagnosis names the certificate [R191]', async (t) => {
            const browser = await launch(t, names([identity.rootFile]));
            const page = await openClient(t, browser, `${secure.origin}/`, sandbox, { transport: 'wss', connect: false, reconnect: false });
            assert.equal((await page.eval(() => mohr.diagnose({ interactive: true }))).state, 'certificate-not-trusted');
        });

        await t.test('where another program sits on ::1 the daemon does not start, and no page tells that program anything [T25]', async (t) => {
            const [plain, tls] = await freePorts(2);
            const heard = [];
            const listen = (socket) => socket.on('data', (data) => heard.push(String(data))).on('error', () => undefined);
            const squatters = [[createPlain(listen), plain], [createTls(await makeTlsIdentity(t, 'localhost'), listen), tls]];
            for (const [server, port] of squatters) {
                server.on('tlsClientError', () => undefined).listen({ host: '::1', port, ipv6Only: true });
                await once(server, 'listening');
                atEnd(t, () => server.close());
            }
            await assert.rejects(startSandbox(t, { ports: { plain, tls } }), /is held by another program of yours/);
            const browser = await launch(t, names([identity.rootFile]));
            const urls = { ws: `ws://127.0.0.1:${plain}/v1`, wss: `wss://localhost:${tls}/v1` };
            const page = await openClient(t, browser, `${secure.origin}/`, urls, { connect: false, reconnect: false });
            const diagnosis = await page.eval(() => mohr.diagnose({ interactive: true }));
            assert.ok(['not-running', 'certificate-not-trusted'].includes(diagnosis.state), JSON.stringify(diagnosis));
            assert.deepEqual(heard, []);
            // The squatter does listen: at the URL that is never published it has the page's whole request.
            await page.eval((url) => void (globalThis.lost = new WebSocket(url)), `ws://localhost:${plain}/v1`);
            await eventually('the squatter to hear', () => heard.some((text) => text.startsWith('GET /v1') && text.includes(secure.origin)));
        });
    });

    test(`large content in ${name}`, async (t) => {
        const downloads = await temporaryDirectory(t, 'downloads');
        const browser = await launch(t, { downloads });
        const site = await startSite(t);

        for (const [gib, options] of [[1, {}], [4, slow]]) await t.test(`${gib} GiB is signed as a stream without piling up in the page or the door [R192]`, options, async (t) => {
            const { sandbox, page } = await openSandbox(t, browser, site, { client: { connect: false } });
            const size = gib * 1024 * MiB;
            await page.eval(({ size, part }) => {
                const piece = new Uint8Array(part).map((_value, at) => at % 251);
                let left = size / part;
                let peak = 0;
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (data) {
                    send.call(this, data);
                    peak = Math.max(peak, this.bufferedAmount);
                };
                const content = new ReadableStream({
                    pull(controller) {
                        if (left-- > 0) controller.enqueue(piece);
                        else controller.close();
                    },
                });
                const sign = async () => {
                    await mohr.requestAccess();
                    const started = performance.now();
                    const result = await mohr.signRaw({ document: { name: 'disk.img', content } });
                    return { ...result, peak, seconds: (performance.now() - started) / 1000 };
                };
                // A call to the browser ends sooner than 4 GiB do: the page only begins here.
                globalThis.signed = sign();
                globalThis.signed.catch(() => undefined).finally(() => void (globalThis.over = true));
            }, { size, part: MiB });
            await eventually('the signature', () => page.eval(() => globalThis.over === true), gib * 180_000);
            const seen = await page.eval(() => globalThis.signed);
            t.diagnostic(`${((gib * 1024) / seen.seconds).toFixed(0)} MiB/s, at most ${(seen.peak / MiB).toFixed(2)} MiB unsent`);
            assert.ok(seen.peak <= 9 * MiB, `${seen.peak} bytes waited in the page`);
            const digest = createVerify(seen.algorithm.endsWith('256') ? 'sha256' : 'sha512');
            const piece = Buffer.alloc(MiB).map((_value, at) => at % 251);
            for (let at = 0; at < size / MiB; ++at) digest.update(piece);
            const certificate = new X509Certificate(Buffer.from(seen.certificate.certificate, 'base64'));
            assert.ok(digest.verify(certificate.publicKey, Buffer.from(seen.signature, 'base64')));
            for (const [program, kib] of await peakMemory(sandbox.program.pid)) {
                t.diagnostic(`${program}: ${(kib / 1024).toFixed(1)} MiB at most`);
                assert.ok(kib < 64 * 1024, `${program} needed ${kib} KiB`);
            }
        });

        await t.test('a large opened file is saved by way of the origin-private file system [R192]', async (t) => {
            if (browser.saveDownloadsIn) await browser.saveDownloadsIn(downloads);
            const { page } = await openSandbox(t, browser, site, { client: { connect: false } });
            const size = 64 * MiB;
            const method = await page.eval(async (size) => {
                // What Firefox never had is taken from Chromium, whose dialogue nobody could answer here.
                delete globalThis.showSaveFilePicker;
                const { certificate } = await mohr.selectCertificate('decrypt');
                const content = new Uint8Array(size).map((_value, at) => at % 241);
                const { cms } = await mohr.encryptCms({ document: { name: 'big.bin', content }, recipients: [certificate] });
                const sealed = await cms.blob();
                const target = await library.chooseSaveTarget('big.bin');
                const { data } = await mohr.decryptCms({ cms: sealed, name: 'big.bin' });
                await target.write(data);
                return target.method;
            }, size);
            assert.equal(method, 'origin-private');
            const wanted = createHash('sha256').update(Buffer.alloc(size).map((_value, at) => at % 241)).digest('hex');
            await eventually('the download', async () => {
                const names = await readdir(downloads);
                if (!names.includes('big.bin') || names.length !== 1) return false;
                return createHash('sha256').update(await readFile(join(downloads, 'big.bin'))).digest('hex') === wanted;
            });
        });

        await t.test('a result goes into the file that the person chose, and where they chose none nothing is begun [R192]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { client: { connect: false } });
            const size = 8 * MiB;
            const seen = await page.eval(async (size) => {
                // The dialogue, whose answer nobody could click here; the file behind it is one of the browser's own.
                const chosen = (await navigator.storage.getDirectory()).getFileHandle('chosen.bin', { create: true });
                globalThis.showSaveFilePicker = () => chosen;
                const { certificate } = await mohr.selectCertificate('decrypt');
                const content = new Uint8Array(size).map((_value, at) => at % 239);
                const { cms } = await mohr.encryptCms({ document: { name: 'big.bin', content }, recipients: [certificate] });
                const target = await library.chooseSaveTarget('big.bin');
                const { data } = await mohr.decryptCms({ cms: await cms.blob(), name: 'big.bin' });
                const { bytes } = await target.write(data);
                const saved = new Uint8Array(await (await (await chosen).getFile()).arrayBuffer());
                globalThis.showSaveFilePicker = () => Promise.reject(new DOMException('no', 'AbortError'));
                const none = await library.chooseSaveTarget('big.bin').catch(({ code }) => code);
                return { method: target.method, fileName: target.fileName, bytes, length: saved.length, same: saved.every((value, at) => value === content[at]), none };
            }, size);
            assert.deepEqual(seen, { method: 'file-system-access', fileName: 'chosen.bin', bytes: size, length: size, same: true, none: 'user_cancelled' });
        });
    });
}

/** The daemon and the programs it started, with the most memory each ever had. */
async function peakMemory(pid) {
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
    return Promise.all(
        [pid, ...children].map(async (process) => {
            const status = await readFile(`/proc/${process}/status`, 'utf8');
            return [/^Name:\s+(.+)$/m.exec(status)[1], Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1])];
        }),
    );
}

test('local network access in chromium', async (t) => {
    const sandbox = await startSandbox(t);
    const identity = await makeTlsIdentity(t, 'site.test');
    const site = await startSite(t, { host: 'site.test', tls: identity });
    const publicSite = () =>
        launchChromium(t, {
            roots: [identity.rootFile, sandbox.ca],
            flags: ['--host-resolver-rules=MAP site.test 127.0.0.1', `--ip-address-space-overrides=127.0.0.1:${site.port}=public`],
        });

    await t.test('a public page explains before the browser asks and says when it was refused [R191]', async (t) => {
        const browser = await publicSite();
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false, reconnect: false });
        assert.equal((await page.eval(() => mohr.diagnose())).state, 'browser-permission-needed');
        // Headless Chromium answers its own question with no.
        assert.equal((await page.eval(() => mohr.diagnose({ interactive: true }))).state, 'browser-permission-denied');
    });

    await t.test('a public page that the user allowed connects over ws and wss [R191]', async (t) => {
        const browser = await publicSite();
        await browser.grant(site.origin, ['loopbackNetwork']);
        for (const transport of ['ws', 'wss']) {
            const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false });
            const diagnosis = await page.eval(() => mohr.diagnose());
            assert.deepEqual([diagnosis.state, diagnosis.permission], ['ready', 'granted'], JSON.stringify(diagnosis.attempts));
        }
    });

    await t.test('a denied permission is told without a connection being tried [R191]', async (t) => {
        const browser = await publicSite();
        await browser.setPermission(site.origin, 'loopback-network', 'denied');
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false });
        const diagnosis = await page.eval(() => mohr.diagnose({ interactive: true }));
        assert.deepEqual([diagnosis.state, diagnosis.attempts.length], ['browser-permission-denied', 0]);
    });

    await t.test('permission that comes later brings the page back by itself [R191]', async (t) => {
        const browser = await publicSite();
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false, retryIntervalMs: 600_000 });
        await page.eval(() => mohr.connect().then(() => 'open', (error) => error.code));
        assert.equal(await page.eval(() => mohr.state.name), 'waiting');
        await browser.setPermission(site.origin, 'loopback-network', 'granted');
        await eventually('the connection', () => page.eval(() => mohr.state.name === 'open'));
    });
});

test('local network access in firefox', async (t) => {
    const sandbox = await startSandbox(t);
    const identity = await makeTlsIdentity(t, 'site.test');
    const site = await startSite(t, { host: 'site.test', tls: identity });
    const browser = await launchFirefox(t, {
        roots: [identity.rootFile],
        preferences: {
            'network.dns.localDomains': 'site.test',
            'network.lna.websocket.enabled': true,
            'network.lna.address_space.public.override': `127.0.0.1:${site.port}`,
        },
    });

    await t.test('a denied permission is told without a connection being tried, a granted one connects [R191]', async (t) => {
        await browser.setPermission(site.origin, 'loopback-network', 'denied');
        const denied = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false });
        const diagnosis = await denied.eval(() => mohr.diagnose({ interactive: true }));
        assert.deepEqual([diagnosis.state, diagnosis.attempts.length], ['browser-permission-denied', 0]);
        await browser.setPermission(site.origin, 'loopback-network', 'granted');
        const granted = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false });
        assert.equal((await granted.eval(() => mohr.diagnose())).state, 'ready');
    });
});
