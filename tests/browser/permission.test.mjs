// SPDX-License-Identifier: Apache-2.0
// The browser's own question whether a page may reach this machine: answered by a hand on the mouse, by nobody, by a policy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from './support/chromium.mjs';
import { press, startDisplay } from './support/display.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { openClient } from './support/pages.mjs';
import { eventually, slow, temporaryDirectory } from './support/processes.mjs';
import { mohr, startSandbox } from './support/sandbox.mjs';
import { makeTlsIdentity, startSite } from './support/site.mjs';

const undecidedMs = 30_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Where Chromium draws its question on a fresh window at the corner of the screen. */
const allowButton = [391, 218];
const blockButton = [314, 218];

/** In the page: begins to look, as a click on "connect" would, and keeps what comes of it. */
function beginDiagnosis() {
    globalThis.diagnosis = undefined;
    const began = performance.now();
    mohr.diagnose({ interactive: true }).then(({ state, permission, attempts }) => {
        globalThis.diagnosis = { state, permission, attempts, seconds: (performance.now() - began) / 1000 };
    });
}

const publicSite = async (t) => {
    const sandbox = await startSandbox(t);
    const identity = await makeTlsIdentity(t, 'site.test');
    const site = await startSite(t, { host: 'site.test', tls: identity });
    return { sandbox, site, roots: [identity.rootFile, sandbox.ca] };
};
const chromiumFlags = (site) => ['--host-resolver-rules=MAP site.test 127.0.0.1', `--ip-address-space-overrides=127.0.0.1:${site.port}=public`];
const firefoxPreferences = (site) => ({
    'network.dns.localDomains': 'site.test',
    'network.lna.websocket.enabled': true,
    'network.lna.address_space.public.override': `127.0.0.1:${site.port}`,
});

test('the question of Chromium, answered by hand', async (t) => {
    const { sandbox, site, roots } = await publicSite(t);
    const display = await startDisplay(t);

    for (const transport of ['ws', 'wss']) {
        await t.test(`undecided for 30 s and then allowed, the page connects over ${transport} by itself and the diagnosis is ready [R191]`, transport === 'ws' ? slow : {}, async (t) => {
            const browser = await launchChromium(t, { display, roots, flags: chromiumFlags(site) });
            const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false, reconnect: false });
            assert.equal((await page.eval(() => mohr.diagnose())).state, 'browser-permission-needed');
            await page.eval(beginDiagnosis);
            await eventually('the page to know that the browser asks', () => page.eval(() => mohr.state.browserAsking === true));
            await sleep(undecidedMs);
            assert.deepEqual(await page.eval(() => [mohr.state.name, globalThis.diagnosis ?? null]), ['connecting', null]);
            const { waiting } = await sandbox.control('service.status');
            assert.deepEqual(waiting.map(({ program, port }) => [program, String(port)]), [['chromium', transport === 'ws' ? sandbox.wsPort : sandbox.wssPort]]);
            assert.ok(waiting[0].seconds >= 29, JSON.stringify(waiting));
            await press(display, ...allowButton);
            const diagnosis = await eventually('the connection', () => page.eval(() => globalThis.diagnosis));
            assert.deepEqual([diagnosis.state, diagnosis.permission], ['ready', 'granted'], JSON.stringify(diagnosis));
            assert.ok(diagnosis.seconds >= 30);
            assert.deepEqual((await sandbox.control('service.status')).waiting, []);
        });
    }

    await t.test('blocked, the page is told so and nothing is tried again [R191]', async (t) => {
        const browser = await launchChromium(t, { display, roots, flags: chromiumFlags(site) });
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false, reconnect: false });
        await page.eval(beginDiagnosis);
        await eventually('the page to know that the browser asks', () => page.eval(() => mohr.state.browserAsking === true));
        await sleep(1000);
        await press(display, ...blockButton);
        const diagnosis = await eventually('the answer', () => page.eval(() => globalThis.diagnosis));
        assert.deepEqual([diagnosis.state, diagnosis.permission], ['browser-permission-denied', 'denied'], JSON.stringify(diagnosis));
    });
});

test('in Firefox, undecided for 30 s and then allowed, the page is told to decide and connects by itself [R191]', async (t) => {
    const { sandbox, site, roots } = await publicSite(t);
    const browser = await launchFirefox(t, { roots, preferences: firefoxPreferences(site) });
    const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false });
    await page.eval(beginDiagnosis);
    // Firefox gives a socket up after 20 s, decided or not.
    const undecided = await eventually('Firefox to give up', () => page.eval(() => globalThis.diagnosis), 40_000);
    assert.deepEqual([undecided.state, undecided.permission], ['browser-permission-needed', 'prompt'], JSON.stringify(undecided));
    assert.equal(undecided.attempts.length, 1, 'the other URL is not tried while the same question is open');
    await sleep(Math.max(0, undecidedMs - undecided.seconds * 1000));
    await browser.setPermission(site.origin, 'loopback-network', 'granted');
    await eventually('the connection', () => page.eval(() => mohr.state.name === 'open'), 40_000);
    const diagnosis = await page.eval(() => mohr.diagnose());
    assert.deepEqual([diagnosis.state, diagnosis.permission], ['ready', 'granted'], JSON.stringify(diagnosis));
});

test('a public http page is denied by Chromium at once and told so [R191]', async (t) => {
    const sandbox = await startSandbox(t);
    const site = await startSite(t, { host: 'site.test' });
    const browser = await launchChromium(t, { flags: chromiumFlags(site) });
    const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false, reconnect: false });
    const diagnosis = await page.eval(() => mohr.diagnose({ interactive: true }));
    assert.deepEqual([diagnosis.state, diagnosis.attempts.length], ['browser-permission-denied', 0], JSON.stringify(diagnosis));
});

test('Firefox as it is shipped asks nothing and a public page connects [R191]', async (t) => {
    const { sandbox, site, roots } = await publicSite(t);
    const { 'network.lna.websocket.enabled': _, ...shipped } = firefoxPreferences(site);
    const browser = await launchFirefox(t, { roots, preferences: shipped });
    for (const transport of ['ws', 'wss']) {
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false });
        assert.equal((await page.eval(() => mohr.diagnose({ interactive: true }))).state, 'ready', transport);
    }
});

test('the policies of mohr policy', async (t) => {
    const { sandbox, site, roots } = await publicSite(t);
    const directory = await temporaryDirectory(t, 'policy');
    await mohr(directory, 'policy', 'install', '--site', site.origin, '--root', directory);
    const etc = `${directory}/etc`;

    await t.test('spare the page of Chromium the question, for exactly that site [R191]', async (t) => {
        const browser = await launchChromium(t, { etc, roots, flags: chromiumFlags(site) });
        for (const transport of ['ws', 'wss']) {
            const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false });
            const diagnosis = await page.eval(() => mohr.diagnose());
            assert.deepEqual([diagnosis.state, diagnosis.permission], ['ready', 'granted'], JSON.stringify(diagnosis));
        }
    });

    await t.test('let a foreign frame in only where the page around it does [R191] [T12]', async (t) => {
        const otherIdentity = await makeTlsIdentity(t, 'other.test');
        const html = `<!doctype html><script>
            const socket = new WebSocket(${JSON.stringify(sandbox.ws)}, 'mohr.v1');
            socket.onopen = () => parent.postMessage('open', '*');
            socket.onclose = () => parent.postMessage('refused', '*');
        </script>`;
        const other = await startSite(t, { host: 'other.test', tls: otherIdentity, pages: { '/frame': html } });
        const both = await temporaryDirectory(t, 'frame-policy');
        await mohr(both, 'policy', 'install', '--browser', 'chromium', '--site', site.origin, '--site', other.origin, '--root', both);
        const flags = ['--host-resolver-rules=MAP site.test 127.0.0.1,MAP other.test 127.0.0.1',
            `--ip-address-space-overrides=127.0.0.1:${site.port}=public,127.0.0.1:${other.port}=public`];
        const browser = await launchChromium(t, { etc: `${both}/etc`, roots: [...roots, otherIdentity.rootFile], flags });
        const page = await browser.newPage(`${site.origin}/`);
        const tryFrame = async ({ src, allow }) => {
            const frame = document.createElement('iframe');
            if (allow) frame.allow = allow;
            const heard = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }));
            frame.src = src;
            document.body.append(frame);
            return heard;
        };
        const src = `${other.origin}/frame`;
        assert.equal(await page.eval(tryFrame, { src }), 'refused');
        assert.equal(await page.eval(tryFrame, { src, allow: 'loopback-network *' }), 'open');
    });

    await t.test('do not grant another site anything [R191]', async (t) => {
        const other = await temporaryDirectory(t, 'other-policy');
        await mohr(other, 'policy', 'install', '--browser', 'chromium', '--site', 'https://elsewhere.test', '--root', other);
        const browser = await launchChromium(t, { etc: `${other}/etc`, roots, flags: chromiumFlags(site) });
        const page = await openClient(t, browser, `${site.origin}/`, sandbox, { connect: false, reconnect: false });
        assert.equal((await page.eval(() => mohr.diagnose())).state, 'browser-permission-needed');
    });

    await t.test('spare the page of Firefox the question [R191]', async (t) => {
        const browser = await launchFirefox(t, { etc, roots, preferences: firefoxPreferences(site) });
        for (const transport of ['ws', 'wss']) {
            const page = await openClient(t, browser, `${site.origin}/`, sandbox, { transport, connect: false });
            // Firefox goes on saying "prompt" to the page, so the page connects on a click, and nothing is asked.
            const diagnosis = await page.eval(() => mohr.diagnose({ interactive: true }));
            assert.equal(diagnosis.state, 'ready', JSON.stringify(diagnosis));
            assert.ok(diagnosis.attempts.every(({ elapsedMs }) => elapsedMs < 10_000), JSON.stringify(diagnosis));
        }
    });
});
