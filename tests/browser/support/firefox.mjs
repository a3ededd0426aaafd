// SPDX-License-Identifier: Apache-2.0
// Firefox over WebDriver BiDi, which its stock build speaks.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, atEnd, temporaryDirectory, trustRoots, withEtc } from './processes.mjs';
import { Rpc, expression, outcome } from './rpc.mjs';

const basePreferences = {
    'app.update.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'browser.startup.page': 0,
    'browser.aboutwelcome.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.reportingpolicy.firstRun': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'browser.safebrowsing.downloads.enabled': false,
    'extensions.update.enabled': false,
    'intl.accept_languages': 'en-US',
};

/**
 * Options: `preferences`, `roots` as PEM files to trust, `downloads` as a directory, `etc` as a directory that is laid over /etc,
 * `profile` as one whose store is used as it is.
 */
export async function launchFirefox(t, { preferences = {}, roots = [], downloads, etc, profile: given } = {}) {
    const home = await temporaryDirectory(t, 'firefox');
    const profile = given ?? join(home, 'profile');
    if (given === undefined) await mkdir(profile);
    const all = { ...basePreferences, ...preferences };
    if (downloads !== undefined) {
        Object.assign(all, { 'browser.download.folderList': 2, 'browser.download.dir': downloads, 'browser.download.useDownloadDir': true });
    }
    const lines = Object.entries(all).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    await writeFile(join(profile, 'user.js'), lines.join(''));
    // The store is the profile's own: Firefox reads neither the user's nor the system's.
    if (given === undefined) await trustRoots(profile, roots);
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', '--remote-allow-system-access'];
    const program = new Program(...withEtc(etc, 'firefox-esr', args), {
        env: { ...process.env, HOME: home, MOZ_HEADLESS: '1', XDG_CACHE_HOME: join(home, 'cache'), XDG_RUNTIME_DIR: home },
    });
    atEnd(t, () => program.stop());
    const [, url] = await program.said(/WebDriver BiDi listening on (ws:\S+)/);
    const rpc = await Rpc.connect(`${url}/session`);
    atEnd(t, () => rpc.close());
    await rpc.call('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
    return new Firefox(rpc);
}

class Firefox {
    name = 'firefox';

    constructor(rpc) {
        this.rpc = rpc;
    }

    async newPage(url) {
        const { context } = await this.rpc.call('browsingContext.create', { type: 'tab' });
        const page = new FirefoxPage(this.rpc, context);
        if (url !== undefined) await page.goto(url);
        return page;
    }

    setPermission(origin, name, state) {
        return this.rpc.call('permissions.setPermission', { descriptor: { name }, state, origin });
    }
}

class FirefoxPage {
    #rpc;
    #context;

    constructor(rpc, context) {
        this.#rpc = rpc;
        this.#context = context;
    }

    async goto(url) {
        await this.#rpc.call('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
    }

    async eval(action, argument) {
        const answer = await this.#rpc.call('script.evaluate', {
            expression: expression(action, argument),
            target: { context: this.#context },
            awaitPromise: true,
            userActivation: true,
        });
        if (answer.type !== 'success') throw new Error(answer.exceptionDetails?.text ?? 'the script failed');
        return outcome(answer.result.value);
    }

    async chooseFiles(selector, files) {
        const { nodes } = await this.#rpc.call('browsingContext.locateNodes', {
            context: this.#context,
            locator: { type: 'css', value: selector },
        });
        await this.#rpc.call('input.setFiles', { context: this.#context, element: { sharedId: nodes[0].sharedId }, files });
    }

    resize(width, height) {
        return this.#rpc.call('browsingContext.setViewport', { context: this.#context, viewport: { width, height } });
    }

    close() {
        return this.#rpc.call('browsingContext.close', { context: this.#context });
    }
}
