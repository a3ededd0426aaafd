// SPDX-License-Identifier: Apache-2.0
// Extensions speak in their own name, which is no web origin, and get nothing.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchChromium } from './support/chromium.mjs';
import { FakeService } from './support/fake_service.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { openClient } from './support/pages.mjs';
import { eventually, temporaryDirectory } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

/** The extension's background script: tries each and posts what came of it. */
const background = (urls, report) => `
const opens = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url, 'mohr.v1');
    socket.onopen = () => { resolve('open'); socket.close(); };
    socket.onclose = socket.onerror = () => resolve('refused');
});
(async () => {
    const outcome = { origin: location.origin };
    for (const [name, url] of Object.entries(${JSON.stringify(urls)})) outcome[name] = await opens(url);
    await fetch(${JSON.stringify(report)}, { method: 'POST', mode: 'no-cors', body: JSON.stringify(outcome) });
})();`;

async function makeExtension(t, script, members) {
    const directory = await temporaryDirectory(t, 'extension');
    await mkdir(directory, { recursive: true });
    const manifest = {
        name: 'Mohr test',
        version: '1',
        manifest_version: 3,
        ...members,
        host_permissions: ['<all_urls>'],
        browser_specific_settings: { gecko: { id: 'mohr-test@example.org' } },
    };
    await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(directory, 'background.js'), script);
    return directory;
}

const runs = [
    ['chromium', 'chrome-extension://', async (t, script) => {
        const directory = await makeExtension(t, script, { background: { service_worker: 'background.js' } });
        return () => launchChromium(t, {
            flags: [`--load-extension=${directory}`, `--disable-extensions-except=${directory}`, '--disable-features=DisableLoadExtensionCommandLineSwitch'],
        });
    }],
    ['firefox', 'moz-extension://', async (t, script) => {
        // Firefox's own default would make wss of ws.
        const policy = { extension_pages: "script-src 'self'" };
        const path = await makeExtension(t, script, { background: { scripts: ['background.js'] }, content_security_policy: policy });
        return async () => {
            const browser = await launchFirefox(t, { preferences: { 'xpinstall.signatures.required': false, 'extensions.manifestV3.enabled': true } });
            await browser.rpc.call('webExtension.install', { extensionData: { type: 'path', path } });
            return browser;
        };
    }],
];

for (const [name, scheme, prepare] of runs) {
    test(`an extension in ${name} is refused with the origin that it has, where a page connects [T03] [T11]`, async (t) => {
        let told;
        const site = await startSite(t, { services: { '/told': (outcome) => ((told = outcome), {}) } });
        const elsewhere = await FakeService.start(t); // shows that the browser lets the extension reach this machine
        const origins = [];
        const sandbox = await startSandbox(t); // before the browser, whose extension starts with it
        elsewhere.onConnection = (request) => origins.push(request.headers.origin);
        const launch = await prepare(t, background({ elsewhere: elsewhere.url, mohr: sandbox.ws }, `${site.origin}/told`));
        const browser = await launch();
        await eventually('the extension to tell', () => told, 60_000);
        assert.ok(told.origin.startsWith(scheme), told.origin);
        assert.deepEqual([told.elsewhere, told.mohr], ['open', 'refused']);
        assert.ok(origins[0].startsWith(scheme), String(origins[0]));
        const page = await openClient(t, browser, `${site.origin}/`, sandbox);
        assert.equal((await page.eval(() => mohr.info())).origin, site.origin);
    });
}
