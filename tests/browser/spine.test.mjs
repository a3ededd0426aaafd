// SPDX-License-Identifier: Apache-2.0
// What a portal can do, through each real browser, against the real daemon; verified by programs that are not ours.
import assert from 'node:assert/strict';
import { X509Certificate, createHash, verify } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { browsers, codeIs, openClient, openSandbox, verifyCms } from './support/pages.mjs';
import { startPortal } from './support/portal.mjs';
import { eventually, run, temporaryDirectory } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

const MiB = 1024 * 1024;
const allow = { decision: 'allow', pin: 'right' };
const certificateOf = (base64) => new X509Certificate(Buffer.from(base64, 'base64'));

// A content that page and test can both make: a counter, so that a lost or swapped piece shows.
const pattern = (size) => Buffer.from(Uint32Array.from({ length: size / 4 }, (_value, at) => at).buffer);
const patternSource = (size) => new Blob([Uint32Array.from({ length: size / 4 }, (_value, at) => at)]);

for (const [name, launch] of browsers) {
    test(`the spine in ${name}`, async (t) => {
        const browser = await launch(t);
        const site = await startSite(t);

        await t.test('a page learns version and state, before and after its grant [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const before = await page.eval(() => mohr.info());
            assert.deepEqual([before.protocol, before.origin, before.access, before.token], ['mohr.v1', site.origin, 'undecided', undefined]);
            assert.equal(await page.eval(() => mohr.requestAccess()), 'granted');
            const after = await page.eval(() => mohr.info());
            assert.deepEqual([after.access, after.token], ['granted', 'initialised']);
        });

        await t.test('a page signs a text and openssl verifies it [R186] [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            const text = 'قرارداد: می‌پذیرم.';
            const cms = await page.eval(async (text) => {
                const { cms } = await mohr.signCms({ document: { name: 'contract.txt', mediaType: 'text/plain', content: text } });
                return cms.base64();
            }, text);
            await verifyCms(t, sandbox, cms, text);
            await assert.rejects(verifyCms(t, sandbox, cms, `${text} `));
        });

        await t.test('a page signs data with every digest and openssl verifies it [R186]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            for (const digestAlgorithm of ['SHA-256', 'SHA-384', 'SHA-512']) {
                const cms = await page.eval(
                    async (digestAlgorithm) => {
                        const { cms } = await mohr.signCms({ document: { name: 'a.txt', content: 'x' }, digestAlgorithm });
                        return cms.base64();
                    },
                    digestAlgorithm,
                );
                await verifyCms(t, sandbox, cms, 'x');
            }
        });

        await t.test('a page signs raw and the signature holds under the certificate it got [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [{ ...allow, certificate: 'EC Silver' }] });
            const { signature, algorithm, certificate } = await page.eval(() => mohr.signRaw({ document: { name: 'a.txt', content: 'raw' } }));
            assert.equal(algorithm, 'ECDSA-SHA-256');
            const key = certificateOf(certificate.certificate).publicKey;
            assert.ok(verify('sha256', Buffer.from('raw'), key, Buffer.from(signature, 'base64')));
        });

        await t.test('a page signs a file with progress, as a stream, and openssl verifies it [R186] [R192]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            const size = 24 * MiB;
            const { cms, progress } = await page.eval(
                async ({ size, source }) => {
                    const content = new Function(`return (${source})`)()(size);
                    const progress = [];
                    const options = { onProgress: ({ phase, done, total }) => progress.push([phase, done, total]) };
                    const { cms } = await mohr.signCms({ document: { name: 'film.bin', content } }, options);
                    return { cms: await cms.base64(), progress };
                },
                { size, source: patternSource.toString() },
            );
            await verifyCms(t, sandbox, cms, pattern(size));
            const uploaded = progress.filter(([phase]) => phase === 'upload');
            assert.deepEqual(uploaded.at(-1), ['upload', size, size]);
            assert.ok(uploaded.length > 10);
        });

        await t.test('an attached signature comes back as a stream that openssl verifies [R186]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            const size = 4 * MiB;
            const cms = await page.eval(
                async ({ size, source }) => {
                    const content = new Function(`return (${source})`)()(size);
                    const { cms } = await mohr.signCms({ document: { name: 'a.bin', content }, detached: false });
                    return cms.base64();
                },
                { size, source: patternSource.toString() },
            );
            const directory = await temporaryDirectory(t, 'attached');
            const [signed, content] = [join(directory, 'signed.der'), join(directory, 'content')];
            await writeFile(signed, Buffer.from(cms, 'base64'));
            await run('openssl', ['cms', '-verify', '-binary', '-inform', 'DER', '-in', signed, '-CAfile', sandbox.ca, '-out', content]);
            assert.equal((await run('sha256sum', [content])).toString().slice(0, 64), createHash('sha256').update(pattern(size)).digest('hex'));
        });

        await t.test('the results of five hundred items come whole, though no message holds them [R188] [R192]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site);
            const { results, algorithm } = await page.eval(async () => {
                const items = Array.from({ length: 500 }, (_value, at) => ({ id: `item-${at}`, document: { name: `${at}.txt`, content: `text ${at}` } }));
                return mohr.signBatch({ format: 'cms', items });
            });
            assert.ok(JSON.stringify(results).length > 1024 * 1024, 'the list is longer than a message');
            assert.match(algorithm, /-SHA-256$/);
            assert.deepEqual(results.map(({ id }) => id), Array.from({ length: 500 }, (_value, at) => `item-${at}`));
            for (const at of [0, 250, 499]) await verifyCms(t, sandbox, results[at].cms, `text ${at}`);
        });

        await t.test('a batch is one prompt over the exact list, each item verified by openssl [R188]', async (t) => {
            const { page, sandbox } = await openSandbox(t, browser, site, {
                // A second prompt would meet a refusal.
                consent: [{ ...allow, expect: { kind: 'access' }, remember: true }, { ...allow, expect: { kind: 'sign' } }, { decision: 'deny' }],
            });
            const results = await page.eval(async () => {
                const items = Array.from({ length: 100 }, (_value, at) => ({
                    id: `item-${at}`,
                    document: { name: `order-${at}.txt`, content: `order number ${at}` },
                }));
                return (await mohr.signBatch({ format: 'cms', items })).results;
            });
            assert.deepEqual(results.map(({ id }) => id), Array.from({ length: 100 }, (_value, at) => `item-${at}`));
            for (const at of [0, 1, 50, 99]) await verifyCms(t, sandbox, results[at].cms, `order number ${at}`);
            await assert.rejects(verifyCms(t, sandbox, results[0].cms, 'order number 1'));
            const again = page.eval(() => mohr.signRaw({ document: { name: 'more.txt', content: 'one more' } }));
            await assert.rejects(again, codeIs('user_cancelled'));
        });

        await t.test('a page seals a file to the person and opens it after a prompt [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const size = 5 * MiB;
            const seen = await page.eval(
                async ({ size, source }) => {
                    const content = new Function(`return (${source})`)()(size);
                    const { certificate } = await mohr.selectCertificate('decrypt');
                    const { cms } = await mohr.encryptCms({ document: { name: 'plan.bin', content }, recipients: [certificate] });
                    const sealed = await cms.blob();
                    const { data, authenticated } = await mohr.decryptCms({ cms: sealed, name: 'plan.bin' });
                    const opened = await data.bytes();
                    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', opened));
                    return { sealed: sealed.size, authenticated, digest: library.toBase64(digest) };
                },
                { size, source: patternSource.toString() },
            );
            assert.equal(seen.authenticated, true);
            assert.ok(seen.sealed > size);
            assert.equal(seen.digest, createHash('sha256').update(pattern(size)).digest('base64'));
        });

        await t.test('what openssl seals the page opens; without a tag the reply says so [R186] [T22]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [{ ...allow, certificate: 'RSA Silver' }] });
            const { certificate } = await page.eval(() => mohr.selectCertificate('decrypt'));
            const directory = await temporaryDirectory(t, 'openssl-seal');
            const recipient = join(directory, 'recipient.pem');
            await writeFile(recipient, certificateOf(certificate).toString());
            for (const [cipher, protectedByTag] of [['-aes-256-gcm', true], ['-aes-256-cbc', false]]) {
                const cms = await run('openssl', ['cms', '-encrypt', '-binary', cipher, '-outform', 'DER', recipient], { input: 'sealed elsewhere' });
                const opened = await page.eval(async (cms) => {
                    const { data, authenticated } = await mohr.decryptCms({ cms: library.fromBase64(cms) });
                    return { text: await data.text(), authenticated };
                }, cms.toString('base64'));
                assert.deepEqual(opened, { text: 'sealed elsewhere', authenticated: protectedByTag });
            }
        });

        await t.test('an altered envelope gives an error and no byte [T22]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const opening = page.eval(async () => {
                const { certificate } = await mohr.selectCertificate('decrypt');
                const { cms } = await mohr.encryptCms({ document: { name: 'a', content: 'secret '.repeat(1000) }, recipients: [certificate] });
                const bytes = await cms.bytes();
                // Inside the encrypted content, so that the envelope still reads well.
                bytes[bytes.length - 3000] ^= 1;
                const { data } = await mohr.decryptCms({ cms: bytes });
                return data.text();
            });
            await assert.rejects(opening, codeIs('decryption_failed'));
        });

        await t.test('a login is accepted by the portal and its challenge serves once [T19]', async (t) => {
            const sandbox = await startSandbox(t);
            const portal = await startPortal(t, { trust: [sandbox.ca], ws: sandbox.ws, wss: sandbox.wss });
            const page = await openClient(t, browser, `${portal.url}/seal.svg`, sandbox);
            const [first, replayed, again] = await page.eval(async () => {
                const post = async (path, body = {}) => {
                    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
                    return answer.json();
                };
                const { challenge } = await post('/api/challenge');
                const login = await mohr.authenticate({ challenge });
                const { certificate, chain } = login.certificate;
                const body = { challenge, algorithm: login.algorithm, signature: login.signature, certificate, chain };
                const again = await mohr.authenticate({ challenge }).then(() => 'signed twice', (error) => error.code);
                return [await post('/api/login', body), await post('/api/login', body), again];
            });
            assert.deepEqual([first.valid, replayed.valid], [true, false]);
            assert.notEqual(again, 'signed twice');
        });

        await t.test('a login over the portal\'s challenge cannot be had as a document signature [T19]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const forged = page.eval(() => mohr.signRaw({ document: { name: 'a', content: `mohr-auth-v1\0${'x'.repeat(64)}` } }));
            await assert.rejects(forged, codeIs('login_context'));
        });

        await t.test('a page makes a key, gets a certificate and signs with it [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const portal = await startPortal(t);
            const { request } = await page.eval(() => mohr.generateKey({ algorithm: 'P-256', subject: 'CN=Browser Applicant,C=IR' }));
            const { value } = await portal.post('/api/ca/issue', { request });
            const imported = await page.eval((certificate) => mohr.importCertificate(certificate), value.certificate);
            assert.match(imported.subject, /Browser Applicant/);
            assert.deepEqual([imported.keyAlgorithm, imported.state], ['P-256', 'active']);
            const cms = await page.eval(async (certificate) => {
                const { cms } = await mohr.signCms({ document: { name: 'a.txt', content: 'with the new key' }, certificate });
                return cms.base64();
            }, imported);
            await verifyCms(t, { ca: portal.caFile }, cms, 'with the new key');
        });

        await t.test('a page is told when the token changes [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            await page.eval(() => mohr.requestAccess());
            await page.eval(() => mohr.generateKey({ algorithm: 'P-256' }));
            await eventually('token.changed', () => page.eval(() => events.some(({ name }) => name === 'token.changed')));
        });

        await t.test('listing shows every certificate, selecting only the chosen one [R186]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [{ ...allow, certificate: 'EC Silver' }] });
            const selected = await page.eval(() => mohr.selectCertificate('sign'));
            assert.match(selected.subject, /EC Silver/);
            const subjects = (await page.eval(() => mohr.listCertificates())).map(({ subject }) => subject);
            assert.ok(subjects.some((subject) => subject.includes('RSA Bronze')) && subjects.length >= 3);
        });

        await t.test('a bronze certificate signs but neither logs in nor opens [R193]', async (t) => {
            const { page } = await openSandbox(t, browser, site, { consent: [{ ...allow, certificate: 'Bronze' }] });
            const { handle } = await page.eval(() => mohr.selectCertificate('sign'));
            await page.eval((certificate) => mohr.signRaw({ document: { name: 'a', content: 'x' }, certificate }), handle);
            const login = page.eval((certificate) => mohr.authenticate({ challenge: btoa('c'.repeat(32)), certificate }), handle);
            await assert.rejects(login, codeIs('key_usage'));
            // The prompt for opening offers no such certificate, so there is none to choose.
            await assert.rejects(page.eval(() => mohr.selectCertificate('decrypt')), (error) => ['user_cancelled', 'certificate_not_found'].includes(error.code));
        });

        await t.test('the service checks a signature as openssl does', async (t) => {
            const { page } = await openSandbox(t, browser, site);
            const [good, bad] = await page.eval(async () => {
                const { cms } = await mohr.signCms({ document: { name: 'a', content: 'right' } });
                const bytes = await cms.bytes();
                const check = (content) => mohr.verify({ cms: bytes, document: { name: 'a', content } });
                return [await check('right'), await check('wrong')];
            });
            assert.deepEqual([good.valid, good.signers[0].verdict], [true, 'valid']);
            assert.deepEqual([bad.valid, bad.signers[0].verdict], [false, 'digest_mismatch']);
        });
    });
}
