// SPDX-License-Identifier: Apache-2.0
// wss with the trust that `mohr trust` sets up in the stores that the browsers really read.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchChromium } from './support/chromium.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { browsers, openClient } from './support/pages.mjs';
import { atEnd, temporaryDirectory, trustRoots } from './support/processes.mjs';
import { mohr, startSandbox } from './support/sandbox.mjs';
import { makeTlsIdentity, startSite } from './support/site.mjs';

const dastineHosts = ['localhost.dastine.pki.co.ir', 'local.dastine.pki.co.ir'];

/** A home whose stores are where a person's are; they know the portal's root already, and of Mohr nothing. */
async function makeHome(t, portalRoot) {
    const home = await temporaryDirectory(t, 'home');
    const chromium = join(home, '.local/share/pki/nssdb');
    const profile = join(home, '.mozilla/firefox/one.default');
    for (const store of [chromium, profile]) {
        await mkdir(store, { recursive: true });
        await trustRoots(store, [portalRoot]);
    }
    await writeFile(join(home, '.mozilla/firefox/profiles.ini'), '[Profile0]\nName=default\nIsRelative=1\nPath=one.default\n');
    return { home, profile };
}

const launchers = {
    chromium: (t, { home }) => launchChromium(t, { home, flags: [`--host-resolver-rules=${['site.test', ...dastineHosts].map((host) => `MAP ${host} 127.0.0.1`).join(',')}`] }),
    firefox: (t, { profile }) => launchFirefox(t, { profile, preferences: { 'network.dns.localDomains': ['site.test', ...dastineHosts].join(',') } }),
};

for (const [name] of browsers) {
    test(`trust in ${name}`, async (t) => {
        const sandbox = await startSandbox(t);
        const identity = await makeTlsIdentity(t, 'site.test');
        const secure = await startSite(t, { host: 'site.test', tls: identity });
        const plain = await startSite(t);
        const person = await makeHome(t, identity.rootFile);
        const trust = (...args) => mohr(person.home, '--socket', sandbox.controlPath, 'trust', ...args).catch((error) => assert.fail(error));
        const diagnose = async (t, browser, origin, options) => {
            const page = await openClient(t, browser, `${origin}/`, sandbox, { connect: false, reconnect: false, ...options });
            return (await page.eval(() => mohr.diagnose({ interactive: true }))).state;
        };
        const hostUrl = (host) => ({ transport: 'wss', wss: sandbox.wss.replace('localhost', host) });

        await t.test('before trust install wss fails and ws works, from http and https pages [R191]', async (t) => {
            const browser = await launchers[name](t, person);
            assert.equal(await diagnose(t, browser, secure.origin, { transport: 'wss' }), 'certificate-not-trusted');
            assert.equal(await diagnose(t, browser, secure.origin, { transport: 'ws' }), 'ready');
            assert.equal(await diagnose(t, browser, plain.origin, { transport: 'ws' }), 'ready');
        });

        if (name === 'firefox') {
            await t.test('a running Firefox that has not refused the certificate yet takes trust install at once [R191]', async (t) => {
                const browser = await launchers[name](t, person);
                assert.equal(await diagnose(t, browser, secure.origin, { transport: 'ws' }), 'ready');
                await trust('install');
                assert.equal(await diagnose(t, browser, secure.origin, { transport: 'wss' }), 'ready');
            });
        }

        await t.test('after trust install a secure page signs over wss, and the Dastine hosts stay refused [R191] [T40]', async (t) => {
            await trust('install');
            const browser = await launchers[name](t, person);
            assert.equal(await diagnose(t, browser, secure.origin, { transport: 'wss' }), 'ready');
            for (const host of dastineHosts) assert.notEqual(await diagnose(t, browser, secure.origin, hostUrl(host)), 'ready', host);
            const page = await openClient(t, browser, `${secure.origin}/`, sandbox, { transport: 'wss' });
            assert.ok((await page.eval(() => mohr.signRaw({ document: { name: 'a', content: 'x' } }))).signature);
        });

        await t.test('with the person\'s agreement both Dastine hosts connect over wss [R191]', async (t) => {
            assert.equal((await trust('install', '--dastine-hosts')).issued, true);
            const browser = await launchers[name](t, person);
            for (const host of ['localhost', ...dastineHosts]) assert.equal(await diagnose(t, browser, secure.origin, hostUrl(host)), 'ready', host);
        });

        await t.test('after trust remove wss is refused again [T38]', async (t) => {
            await trust('remove');
            const browser = await launchers[name](t, person);
            for (const host of ['localhost', ...dastineHosts]) {
                assert.equal(await diagnose(t, browser, secure.origin, hostUrl(host)), 'certificate-not-trusted', host);
            }
            assert.equal(await diagnose(t, browser, secure.origin, { transport: 'ws' }), 'ready');
        });
    });

    test(`a proxy that sees everything else never sees Mohr in ${name} [T40]`, async (t) => {
        const seen = [];
        const proxy = createServer((request, response) => {
            seen.push(request.url);
            response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end('from the proxy');
        });
        proxy.on('connect', (request, socket) => {
            seen.push(request.url);
            socket.on('error', () => undefined).end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
        });
        proxy.listen(0, '127.0.0.1');
        await once(proxy, 'listening');
        atEnd(t, () => {
            proxy.close();
            proxy.closeAllConnections();
        });
        const { port } = proxy.address();
        const sandbox = await startSandbox(t);
        const site = await startSite(t);
        const browser =
            name === 'chromium'
                ? await launchChromium(t, { roots: [sandbox.ca], flags: [`--proxy-server=http://127.0.0.1:${port}`] })
                : await launchFirefox(t, {
                      roots: [sandbox.ca],
                      preferences: {
                          'network.proxy.type': 1,
                          'network.proxy.http': '127.0.0.1',
                          'network.proxy.http_port': port,
                          'network.proxy.ssl': '127.0.0.1',
                          'network.proxy.ssl_port': port,
                      },
                  });
        for (const transport of ['ws', 'wss']) {
            const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false });
            assert.equal((await page.eval(() => mohr.diagnose({ interactive: true }))).state, 'ready', transport);
            await page.eval(() => fetch('http://outside.test/', { mode: 'no-cors' }).then(() => 0, () => 0));
        }
        assert.ok(seen.some((url) => url.includes('outside.test')), 'the proxy is in use');
        const ports = [sandbox.wsPort, sandbox.wssPort];
        assert.deepEqual(seen.filter((url) => ports.some((own) => url.includes(`:${own}`))), []);
    });
}
