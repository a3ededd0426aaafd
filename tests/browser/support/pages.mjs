// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium } from './chromium.mjs';
import { launchFirefox } from './firefox.mjs';
import { atEnd, run, temporaryDirectory } from './processes.mjs';
import { startSandbox } from './sandbox.mjs';

/** Both browsers the product is for; each test runs in each. MOHR_BROWSER names one, for the time of writing a test. */
export const browsers = [
    ['chromium', launchChromium],
    ['firefox', launchFirefox],
].filter(([name]) => (process.env.MOHR_BROWSER ?? name) === name);

/** In the page: a client as a portal makes it, and a list of what it was told. */
async function connectClient(options) {
    const library = await import(`${options.base ?? ''}/client/index.js`);
    const mohr = new library.Mohr(options.client);
    const events = [];
    for (const name of ['token.changed', 'access.changed', 'service.stopping', 'consent.pending', 'state']) {
        mohr.on(name, (event) => events.push({ name, event: structuredClone(event) }));
    }
    Object.assign(globalThis, { mohr, events, library });
    if (options.connect) await mohr.connect();
}

/** A page on a site, with a client in it that talks to this sandbox. */
export async function openClient(t, browser, url, sandbox, { connect = true, ...client } = {}) {
    const page = await browser.newPage(url);
    atEnd(t, () => page.close().catch(() => undefined));
    await page.eval(connectClient, { connect, client: { ws: sandbox.ws, wss: sandbox.wss, retryIntervalMs: 300, ...client } });
    return page;
}

/** A sandbox and a page with a client for it. */
export async function openSandbox(t, browser, site, { client, ...options } = {}) {
    const sandbox = await startSandbox(t, options);
    return { sandbox, page: await openClient(t, browser, `${site.origin}/`, sandbox, client) };
}

/** What openssl says about a detached signature; throws where it does not hold. */
export async function verifyCms(t, sandbox, cms, content) {
    const directory = await temporaryDirectory(t, 'verify');
    const signature = join(directory, 'signature.der');
    const file = join(directory, 'content');
    await writeFile(signature, Buffer.from(cms, 'base64'));
    await writeFile(file, content);
    await run('openssl', ['cms', '-verify', '-binary', '-inform', 'DER', '-in', signature, '-content', file, '-CAfile', sandbox.ca, '-out', '/dev/null']);
}

export const codeIs = (code) => (error) => {
    if (error.code !== code) throw new Error(`expected ${code}, got ${error.code}: ${error.message}`);
    return true;
};
