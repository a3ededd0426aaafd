#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Takes headless Chromium through the portal's main job, as a person would: clicks, types, reads the verdicts.
// `node demo-headless.mjs --url http://localhost:PORT`; `./run demo --headless` starts what it needs.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const stepTimeoutMs = 120_000;
const fileMiB = 24;

const { values: options } = parseArgs({
    options: {
        url: { type: 'string' },
        chromium: { type: 'string', default: '/usr/bin/chromium' },
        screenshots: { type: 'string' },
    },
});
if (options.url === undefined) {
    console.error('Usage: demo-headless.mjs --url URL [--chromium PROGRAM] [--screenshots DIR]');
    process.exit(2);
}
if (process.getuid?.() === 0) {
    console.error('demo-headless.mjs: a browser is not run as root');
    process.exit(2);
}

async function makeFile(path, mebibytes) {
    const file = createWriteStream(path);
    for (let at = 0; at < mebibytes; ++at) {
        if (!file.write(randomBytes(1024 * 1024))) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
}

async function sha256(path) {
    const hash = createHash('sha256');
    for await (const part of createReadStream(path)) hash.update(part);
    return hash.digest('hex');
}

class Demo {
    #page;
    #count = 0;

    constructor(page) {
        this.#page = page;
    }

    async step(title, work) {
        const started = performance.now();
        this.#count += 1;
        try {
            const seen = await work();
            console.log(`ok ${this.#count} - ${title}${seen ? `: ${seen}` : ''} (${Math.round(performance.now() - started)} ms)`);
        } catch (error) {
            console.log(`not ok ${this.#count} - ${title}: ${error.message}`);
            throw error;
        }
    }

    /** A picture for the documents, where pictures were asked for. */
    async picture(name) {
        if (options.screenshots) await this.#page.screenshot({ path: join(options.screenshots, `${name}.png`) });
    }

    /** Opens a tab of the portal, fills its form, presses its button and waits for the outcome. */
    async act(name, fill = async () => undefined) {
        const page = this.#page;
        await page.click(`#tab-${name}`);
        const panel = page.locator(`[data-action="${name}"]`);
        await fill(panel);
        await panel.locator('button.primary').click();
        await panel.locator('.verdict').waitFor({ timeout: stepTimeoutMs });
        const outcome = await panel.getAttribute('data-outcome');
        const verdict = await panel.locator('.verdict').innerText();
        if (outcome !== 'good') throw new Error(`${verdict} ${await panel.locator('.checks').allInnerTexts()}`);
        return panel;
    }

    /** Runs a flow of the migration page in both ways; the portal's server must accept what comes of each. */
    async compare(flow) {
        const page = this.#page;
        await page.click(`#tab-${flow}`);
        const seen = [];
        for (const way of ['legacy', 'modern']) {
            const side = page.locator(`[data-flow="${flow}"] [data-way="${way}"]`);
            await side.locator('button.primary').click();
            await side.locator('.verdict').waitFor({ timeout: stepTimeoutMs });
            if ((await side.getAttribute('data-outcome')) !== 'good') throw new Error(`${way}: ${await side.locator('.output').innerText()}`);
            seen.push(`${await side.locator('.messages li').count()} messages ${way === 'legacy' ? 'on the old wire' : 'on /v1'}`);
        }
        return seen.join(', ');
    }

    /** The backend's own checks, each of which must have held. */
    async checks(panel, names) {
        for (const name of names) {
            const held = await panel.locator(`[data-check="${name}"]`).getAttribute('data-ok');
            if (held !== 'true') throw new Error(`the backend's check "${name}" did not hold`);
        }
        return `the backend holds ${names.join(', ')} for right`;
    }

    async download(work) {
        const [download] = await Promise.all([this.#page.waitForEvent('download', { timeout: stepTimeoutMs }), work()]);
        return download;
    }
}

async function mainJob(page, folder) {
    const demo = new Demo(page);
    const file = join(folder, 'film.bin');
    const sealed = join(folder, 'film.bin.p7m');
    const opened = join(folder, 'opened.bin');
    const choose = (path) => (panel) => panel.locator('input[type=file]').setInputFiles(path);
    await makeFile(file, fileMiB);

    await demo.step('open the portal', async () => {
        await page.goto(`${options.url}/?lang=en`);
        await page.locator('#status[data-state="ready"]').waitFor({ timeout: stepTimeoutMs });
        return page.locator('#status').innerText().then((text) => text.replace(/\s+/g, ' '));
    });
    await demo.step('get a test certificate', async () => {
        const panel = await demo.act('certificate');
        return (await panel.locator('dl').innerText()).replace(/\s+/g, ' ');
    });
    await demo.step('log in with a certificate', async () => {
        const panel = await demo.act('login');
        await page.locator('#visitor').getByText('Logged in').waitFor();
        return demo.checks(panel, ['challenge', 'signature', 'chain']);
    });
    const signText = async () => demo.checks(await demo.act('text'), ['signature', 'chain']);
    await demo.step('sign a text', signText);
    await demo.picture('portal-en');
    await demo.step(`sign a file of ${fileMiB} MiB`, async () => {
        return demo.checks(await demo.act('file', choose(file)), ['signature', 'chain']);
    });
    await demo.step('sign a batch under one decision', async () => {
        const panel = await demo.act('batch');
        const items = await panel.locator('[data-check]').count();
        if (items !== 5) throw new Error(`${items} verdicts for 5 documents`);
        return demo.checks(panel, ['order-1', 'order-2', 'order-3', 'order-4', 'order-5']);
    });
    await demo.step('seal a file to the portal, whose server opens it', async () => {
        const panel = await demo.act('seal', async (form) => {
            await choose(file)(form);
            await form.locator('[value=portal]').check();
        });
        const shown = await panel.locator('dl').innerText();
        if (!shown.includes(await sha256(file))) throw new Error('what the server found is not what was sealed');
        return demo.checks(panel, ['open']);
    });
    await demo.step('seal a file to oneself', async () => {
        const download = await demo.download(() =>
            demo.act('seal', async (form) => {
                await choose(file)(form);
                await form.locator('[value=me]').check();
            }),
        );
        await download.saveAs(sealed);
        return `${(await stat(sealed)).size} bytes of envelope`;
    });
    await demo.step('open the sealed file', async () => {
        const download = await demo.download(async () => demo.checks(await demo.act('open', choose(sealed)), ['authenticated']));
        await download.saveAs(opened);
        if ((await sha256(opened)) !== (await sha256(file))) throw new Error('what came out is not what went in');
        return 'the same bytes came out';
    });
    await demo.step('sign a text in Persian', async () => {
        await page.goto(`${options.url}/?lang=fa`);
        await page.locator('#status[data-state="ready"]').waitFor({ timeout: stepTimeoutMs });
        return signText();
    });
    await demo.picture('portal-fa');
    await migration(page, demo);
}

async function migration(page, demo) {
    await demo.step('open the migration page', async () => {
        await page.goto(`${options.url}/migration.html?lang=en`);
        await page.locator('#status[data-state="ready"]').waitFor({ timeout: stepTimeoutMs });
    });
    for (const [flow, title] of [
        ['contract', 'sign a contract'],
        ['tender', 'open sealed tender files'],
        ['listing', 'sign a listing'],
        ['login', 'log in'],
        ['levy', 'sign a declaration'],
    ]) {
        await demo.step(`${title} as old portals do, and as it is done now`, () => demo.compare(flow));
    }
    await demo.picture('migration-en');
    await demo.step('the migration page in Persian', async () => {
        await page.click('#language');
        return demo.compare('contract');
    });
    await demo.picture('migration-fa');
}

const folder = await mkdtemp(join(tmpdir(), 'mohr-demo-'));
let browser;
try {
    browser = await chromium.launch({
        executablePath: options.chromium,
        args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
    });
    const context = await browser.newContext({ acceptDownloads: true, viewport: { width: 1440, height: 1000 } });
    // Headless Chromium has no save dialogue; without it the client goes by way of the origin-private file system.
    await context.addInitScript(() => delete window.showSaveFilePicker);
    await mainJob(await context.newPage(), folder);
    console.log('# every step passed');
} catch (error) {
    console.log(`# ${error.message.split('\n')[0]}`);
    process.exitCode = 1;
} finally {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
}
