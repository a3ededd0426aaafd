// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { atEnd, eventually, run, temporaryDirectory } from '../processes.mjs';
import { startSandbox } from '../sandbox.mjs';

export const generationNames = ['G0', 'G1', 'G2', 'G3'];

/** What a portal's configuration is like in size and shape, without being anybody's. */
export function sampleConfig(length = 58_000, windowSeconds = 20) {
    const head = '<Configuration><SupportedTokens></SupportedTokens><PINEntryPolicy>LOW_SECURE</PINEntryPolicy><PINCachePolicy>ALLWAYS</PINCachePolicy>' +
        `<DefaultCertificate>false</DefaultCertificate><PINWindowTimeout>${windowSeconds}</PINWindowTimeout><DedicatedConfig>`;
    const tail = '</DedicatedConfig><EnglishForm>false</EnglishForm><Signature>AAAA</Signature></Configuration>' +
        '<HostDownloadLink>undefined</HostDownloadLink><HostDownloadLinkAndroid>undefined</HostDownloadLinkAndroid>';
    return head + 'QQBBAEEA'.repeat(Math.ceil(length / 8)).slice(0, length - head.length - tail.length) + tail;
}

export const legacyUrls = (sandbox) => ({
    plain: sandbox.ws.replace('/v1', '/dastine'),
    tls: sandbox.wss.replace('/v1', '/dastine'),
    fallback: sandbox.wss.replace('/v1', '/dastine'),
});

/** In the page: the legacy client of one generation, as a portal's script would leave it. */
async function loadLegacy({ generation, settings }) {
    const { LegacyClient } = await import('/dastine/client.mjs');
    const portals = await import('/dastine/portals.mjs');
    const text = await import('/dastine/text.mjs');
    const legacy = new LegacyClient(generation, settings);
    Object.assign(globalThis, { LegacyClient, legacy, portals, text, settings });
}

/** A page with a legacy client in it that has said its first words, unless `settle` is false. */
export async function openLegacy(t, browser, site, sandbox, { generation = 'G1', settle = true, config = sampleConfig(), ...settings } = {}) {
    const page = await browser.newPage(`${site.origin}/`);
    atEnd(t, () => page.close().catch(() => undefined));
    await page.eval(loadLegacy, { generation, settings: { urls: legacyUrls(sandbox), config, ...settings } });
    if (settle) await initialised(page);
    return page;
}

export const initialised = (page) => eventually('the legacy client is initialised', () => page.eval(() => legacy.initialised));

/** A sandbox and a page with a legacy client for it. */
export async function openLegacySandbox(t, browser, site, { generation, client, ...options } = {}) {
    const sandbox = await startSandbox(t, options);
    return { sandbox, page: await openLegacy(t, browser, site, sandbox, { generation, ...client }) };
}

/** What the page's client sent and got; fails where a reply is missing, doubled, misshapen, or came without being asked for. */
export async function soundJournal(page) {
    const journal = await page.eval(() => legacy.journal.report());
    const wrong = [...journal.faults, ...journal.missing.map((command) => `${command}: no reply`)];
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    return journal;
}

export const certificateOf = (base64) => new X509Certificate(Buffer.from(base64, 'base64'));

/** `openssl dgst -verify` over content with the key of a certificate; throws where the signature does not hold. */
export async function verifyRaw(t, certificate, digest, content, signature) {
    const directory = await temporaryDirectory(t, 'raw');
    const at = (name) => join(directory, name);
    await writeFile(at('key.pem'), certificateOf(certificate).publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(at('signature'), Buffer.from(signature, 'base64'));
    await run('openssl', ['dgst', `-${digest}`, '-verify', at('key.pem'), '-signature', at('signature')], { input: content });
}

/** `openssl cms -encrypt` to a certificate, in base64. */
export async function sealTo(t, certificate, content, ...options) {
    const recipient = join(await temporaryDirectory(t, 'seal'), 'recipient.pem');
    await writeFile(recipient, certificateOf(certificate).toString());
    const cms = await run('openssl', ['cms', '-encrypt', '-binary', '-outform', 'DER', '-recip', recipient, ...options], { input: content });
    return cms.toString('base64');
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** The distribution of times, for the test's output. */
export function distribution(times) {
    const sorted = [...times].sort((left, right) => left - right);
    const [p50, p99, most] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1)].map((ms) => ms.toFixed(1));
    return `${sorted.length} replies: p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms`;
}
