// SPDX-License-Identifier: Apache-2.0
// Chromium over its own protocol. Nothing here enables its Network domain: that would mirror every WebSocket frame.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, atEnd, eventually, temporaryDirectory, trustRoots, withEtc } from './processes.mjs';
import { Rpc, expression, outcome } from './rpc.mjs';

const baseFlags = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--disable-default-apps', '--password-store=basic',
    '--remote-debugging-port=0', '--window-size=1440,1000', '--lang=en-US',
];

/**
 * Options: `flags` for the command line, `roots` as PEM files to trust, `display` as the name of an X display (headless without),
 * `etc` as a directory that is laid over /etc, `home` as one whose stores are used as they are.
 */
export async function launchChromium(t, { flags = [], roots = [], display, etc, home: given } = {}) {
    const home = given ?? (await temporaryDirectory(t, 'chromium'));
    if (given === undefined) {
        // Made empty here, because Chromium reads this one as soon as it exists and no other.
        const store = join(home, '.pki/nssdb');
        await mkdir(store, { recursive: true });
        await trustRoots(store, roots);
    }
    const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_CACHE_HOME: join(home, 'cache') };
    if (display !== undefined) environment.DISPLAY = display;
    const mode = display === undefined ? ['--headless=new'] : ['--ozone-platform=x11', '--window-position=0,0'];
    const args = [...mode, ...baseFlags, `--user-data-dir=${join(home, 'profile')}`, ...flags, 'about:blank'];
    const program = new Program(...withEtc(etc, 'chromium', args), { env: environment });
    atEnd(t, () => program.stop());
    const [, url] = await program.said(/DevTools listening on (ws:\S+)/);
    const rpc = await Rpc.connect(url);
    atEnd(t, () => rpc.close());
    return new Chromium(rpc);
}

class Chromium {
    name = 'chromium';

    constructor(rpc) {
        this.rpc = rpc;
    }

    async newPage(url) {
        const { targetId } = await this.rpc.call('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await this.rpc.call('Target.attachToTarget', { targetId, flatten: true });
        const page = new ChromiumPage(this.rpc, targetId, sessionId);
        await page.call('Page.enable');
        if (url !== undefined) await page.goto(url);
        return page;
    }

    /** Grants exactly these permissions to an origin; everything else reads as denied. */
    grant(origin, permissions) {
        return this.rpc.call('Browser.grantPermissions', { origin, permissions });
    }

    setPermission(origin, name, setting) {
        return this.rpc.call('Browser.setPermission', { origin, permission: { name }, setting });
    }

    async saveDownloadsIn(directory) {
        await this.rpc.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: directory });
    }
}

class ChromiumPage {
    #rpc;
    #targetId;
    #sessionId;

    constructor(rpc, targetId, sessionId) {
        this.#rpc = rpc;
        this.#targetId = targetId;
        this.#sessionId = sessionId;
    }

    call(method, params = {}) {
        return this.#rpc.call(method, params, { sessionId: this.#sessionId });
    }

    async goto(url) {
        const { errorText } = await this.call('Page.navigate', { url });
        if (errorText) throw new Error(`${url}: ${errorText}`);
        await eventually(`${url} loads`, () =>
            this.eval((wanted) => document.readyState === 'complete' && (wanted === null || location.href !== 'about:blank'), url === 'about:blank' ? null : url).catch(() => false),
        );
    }

    async eval(action, argument) {
        const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
            expression: expression(action, argument),
            awaitPromise: true,
            returnByValue: true,
            userGesture: true,
        });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return outcome(result.value);
    }

    async chooseFiles(selector, files) {
        const { root } = await this.call('DOM.getDocument');
        const { nodeId } = await this.call('DOM.querySelector', { nodeId: root.nodeId, selector });
        await this.call('DOM.setFileInputFiles', { nodeId, files });
    }

    resize(width, height) {
        return this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    }

    close() {
        return this.#rpc.call('Target.closeTarget', { targetId: this.#targetId });
    }
}
