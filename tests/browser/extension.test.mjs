// SPDX-License-Identifier: Apache-2.0
// Extensions speak in their own name, which is no web origin, and get nothing; those that speak in a site's name get no key.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchChromium } from './support/chromium.mjs';
import { FakeService } from './support/fake_service.mjs';
import { launchFirefox } from './support/firefox.mjs';
import { codeIs, openClient } from './support/pages.mjs';
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

/** The other background script: gives every socket to that port the Origin of another site, then says that it does. */
const forging = {
    chromium: (origin, port, report) => `
const requestHeaders = [{ header: 'origin', operation: 'set', value: ${JSON.stringify(origin)} }];
const condition = { urlFilter: '127.0.0.1:${port}/', resourceTypes: ['websocket'] };
chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [1], addRules: [{ id: 1, action: { type: 'modifyHeaders', requestHeaders }, condition }] })
    .then(() => fetch(${JSON.stringify(report)}, { method: 'POST', mode: 'no-cors', body: '{}' }));`,
    firefox: (origin, port, report) => `
browser.webRequest.onBeforeSendHeaders.addListener(({ requestHeaders }) => {
    for (const header of requestHeaders) if (header.name.toLowerCase() === 'origin') header.value = ${JSON.stringify(origin)};
    return { requestHeaders };
}, { urls: ['ws://127.0.0.1/*'] }, ['blocking', 'requestHeaders']);
fetch(${JSON.stringify(report)}, { method: 'POST', mode: 'no-cors', body: '{}' });`,
};

async function makeExtension(t, script, members) {
    const directory = await temporaryDirectory(t, 'extension');
    await mkdir(directory, { recursive: true });
    const manifest = {
        name: 'Mohr test',
        version: '1',
        manifest_version: 3,
        host_permissions: ['<all_urls>', 'ws://127.0.0.1/*'],
        ...members,
        browser_specific_settings: { gecko: { id: 'mohr-test@example.org' } },
    };
    await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(directory, 'background.js'), script);
    return directory;
}

const runs = [
    ['chromium', 'chrome-extension://', async (t, script) => {
        const members = { background: { service_worker: 'background.js' }, permissions: ['declarativeNetRequest'] };
        const directory = await makeExtension(t, script, members);
        return () => launchChromium(t, {
            flags: [`--load-extension=${directory}`, `--disable-extensions-except=${directory}`, '--disable-features=DisableLoadExtensionCommandLineSwitch'],
        });
    }],
    ['firefox', 'moz-extension://', async (t, script, members = {}) => {
        // Firefox's own default would make wss of ws.
        const policy = { extension_pages: "script-src 'self'" };
        const path = await makeExtension(t, script, { background: { scripts: ['background.js'] }, content_security_policy: policy, ...members });
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

// In Firefox version 2 has what it asks for from its installation on.
const rewriting = {
    chromium: undefined,
    firefox: { manifest_version: 2, host_permissions: undefined, content_security_policy: undefined,
        permissions: ['webRequest', 'webRequestBlocking', '<all_urls>', 'ws://127.0.0.1/*'] },
};

for (const [name, , prepare] of runs) {
    test(`where an extension in ${name} gives a page the origin of an allowed site, each use of a key is asked for all the same [T11]`, async (t) => {
        let told = false;
        const allowed = await startSite(t);
        const other = await startSite(t, { services: { '/told': () => ((told = true), {}) } });
        const sign = { decision: 'allow', pin: 'right', expect: { kind: 'sign' }, remember: true };
        const sandbox = await startSandbox(t, { consent: [{ decision: 'deny', expect: { kind: 'sign' } }, sign, { decision: 'deny', expect: { kind: 'sign' } }] });
        await sandbox.control('site.set', { origin: allowed.origin, access: 'allow' });
        const launch = await prepare(t, forging[name](allowed.origin, sandbox.wsPort, `${other.origin}/told`), rewriting[name]);
        const browser = await launch();
        await eventually('the extension to be there', () => told, 60_000);
        const page = await openClient(t, browser, `${other.origin}/`, sandbox);
        // The forgery works: the service cannot know better, and must not have to.
        assert.deepEqual(await page.eval(async () => [(await mohr.info()).origin, (await mohr.info()).access]), [allowed.origin, 'granted']);
        const signing = () => mohr.signRaw({ document: { name: 'a.txt', content: 'x' } });
        await assert.rejects(page.eval(signing), codeIs('user_cancelled'));
        assert.ok((await page.eval(signing)).signature);
        await assert.rejects(page.eval(signing), codeIs('user_cancelled'));
        const { entries } = await sandbox.control('log.read', {});
        const uses = entries.filter(({ operation }) => operation === 'sign.raw' || operation === 'sign');
        assert.deepEqual(uses.map(({ origin, decision }) => [origin, decision]), ['denied', 'allowed', 'denied'].map((decision) => [allowed.origin, decision]));
    });
}
