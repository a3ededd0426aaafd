// SPDX-License-Identifier: Apache-2.0
// The flows of existing portals, from the page's script to the server that checks what it gets, with each generation.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateOf, generationNames, openLegacy, sealTo, soundJournal, verifyRaw } from './support/dastine/pages.mjs';
import { browsers, verifyCms } from './support/pages.mjs';
import { startPortal } from './support/portal.mjs';
import { run, temporaryDirectory } from './support/processes.mjs';
import { startSandbox } from './support/sandbox.mjs';
import { startSite } from './support/site.mjs';

const allow = { decision: 'allow', pin: 'right' };
const rsa = { ...allow, certificate: 'RSA Silver' };
const deny = { decision: 'deny' };
const outcome = (promise) => promise.then(() => true, () => false);

/** The servers of portals A, B and C: they make what is to be signed, and let openssl say whether it was. */
function portalServices(t, state) {
    return {
        '/certificate': async ({ certificate }) => ({ subject: certificateOf(certificate).subject }),
        // A hands out bytes to be signed, B a ready hash.
        '/digest': async () => {
            state.bytes = randomBytes(300);
            const handedOut = state.ready ? createHash('sha256').update(state.bytes).digest() : state.bytes;
            return { digest: handedOut.toString('base64') };
        },
        '/signature': async ({ certificate, signature }) => ({
            valid: await outcome(verifyRaw(t, certificate, state.ready ? 'sha256' : 'sha1', state.bytes, signature)),
        }),
        '/challenge': async () => {
            state.challenge = randomBytes(32).toString('base64');
            return { challenge: state.challenge };
        },
        '/login': async ({ challenge, cms, certificate }) => ({
            valid: challenge === state.challenge && (await outcome(verifyCms(t, state.sandbox, cms, Buffer.from(challenge, 'base64')))),
            subject: certificateOf(certificate).subject,
        }),
        '/issue': async ({ request }) => (await state.authority.post('/api/ca/issue', { request })).value,
    };
}

for (const [name, launch] of browsers) {
    test(`flows of existing portals in ${name}`, async (t) => {
        const browser = await launch(t);
        const state = {};
        const site = await startSite(t, { services: portalServices(t, state) });
        const openFlow = async (t, generation, options) => {
            state.sandbox = await startSandbox(t, { consent: [rsa], ...options });
            state.ready = false;
            return openLegacy(t, browser, site, state.sandbox, { generation });
        };

        for (const generation of generationNames) {
            await t.test(`flows with ${generation} in ${name}`, async (t) => {
                const page = await openFlow(t, generation);

                await t.test(`A: a contract is signed with ${generation} and openssl verifies it [R190]`, async () => {
                    for (let round = 0; round < 2; ++round) assert.deepEqual(await page.eval(() => portals.signContract(legacy)), { valid: true });
                });

                await t.test(`A: sealed files open with ${generation}, with no selection before [R190]`, async (t) => {
                    const certificate = await page.eval(() => legacy.ask('GetSelectedCertificate'));
                    await page.eval(() => legacy.ask('Reset'));
                    const secrets = Array.from({ length: 3 }, () => [randomBytes(32), randomBytes(16)]);
                    const files = [];
                    for (const [key, iv] of secrets) files.push({ key: await sealTo(t, certificate, key, '-aes-128-cbc'), iv: await sealTo(t, certificate, iv, '-des3') });
                    const { opened } = await page.eval((files) => portals.openSealedFiles(legacy, files), files);
                    assert.deepEqual(opened, secrets.map((pair) => pair.map((secret) => secret.toString('base64'))));
                });

                await t.test(`B: a listing's ready hash is signed with ${generation} and openssl verifies it [R190]`, async () => {
                    state.ready = true;
                    assert.deepEqual(await page.eval(() => portals.signListing(legacy)), { valid: true });
                });

                await t.test(`C: a challenge is signed with ${generation}, arguments shifted, and openssl verifies it [R190]`, async () => {
                    const answer = await page.eval(() => portals.answerChallenge(legacy));
                    assert.equal(answer.valid, true);
                    assert.match(answer.subject, /RSA Silver/);
                });

                await t.test(`D: a declaration is signed with ${generation} after being told to select, then at once [R190]`, async (t) => {
                    await page.eval(() => legacy.ask('Reset'));
                    const content = Buffer.from('declaration', 'utf16le');
                    const sign = () => page.eval((data) => portals.signLevy(legacy, data), content.toString('base64'));
                    const first = await sign();
                    assert.deepEqual(first.steps, ['CmsSign', 'SelectCertificateFromTokenByUI', 'GetSelectedCertificate', 'CmsSign']);
                    await verifyCms(t, state.sandbox, first.cms, content);
                    const second = await sign();
                    assert.deepEqual(second.steps, ['CmsSign']);
                    await verifyCms(t, state.sandbox, second.cms, content);
                });

                const { dropped } = await soundJournal(page);
                assert.deepEqual(dropped, [], 'no flow asks while another question is open');
            });
        }

        await t.test('renewal: a new key is certified by the portal\'s authority and signs, in one session [R190] [R74]', async (t) => {
            const page = await openFlow(t, 'G2');
            state.authority = await startPortal(t);
            const renewed = await page.eval(() => portals.renewCertificate(legacy, 'CN=Renewed Person,C=IR'));
            assert.equal(renewed.imported, '0', JSON.stringify(renewed));
            const request = join(await temporaryDirectory(t, 'request'), 'request.der');
            await writeFile(request, Buffer.from(renewed.request, 'base64'));
            const text = (await run('openssl', ['req', '-inform', 'DER', '-in', request, '-verify', '-noout', '-text'])).toString();
            assert.match(text, /Subject:.*Renewed Person/);
            assert.match(text, /Public-Key: \(2048 bit\)/);
            const other = await page.eval(() => legacy.ask('ImportIssuedCertificate', 'QUJD'));
            assert.notEqual(other, '0');
            await soundJournal(page);
        });

        await t.test('a certificate for a key that this session did not make is 49, and one that is none 48 [R190]', async (t) => {
            const page = await openFlow(t, 'G1');
            state.authority = await startPortal(t);
            const request = await page.eval(() => legacy.ask('GenerateKeyPairAndCertificateRequest', 'CN=First', 2048, ''));
            const { value } = await state.authority.post('/api/ca/issue', { request });
            const stranger = await openLegacy(t, browser, site, state.sandbox, { generation: 'G1' });
            // Another tab, so another session.
            assert.equal(await stranger.eval((certificate) => legacy.ask('ImportIssuedCertificate', certificate), value.certificate), '49');
            for (const wrong of ['', '%%', '-']) assert.equal(await page.eval((certificate) => legacy.ask('ImportIssuedCertificate', certificate), wrong), '48');
            assert.equal(await page.eval((certificate) => legacy.ask('ImportIssuedCertificate', certificate), value.certificate), '0');
        });

        await t.test('A and D are told when the person cancels the selection or the signature [R188] [R190]', async (t) => {
            for (const [consent, wanted] of [[[deny], { code: '11', at: 'GetSelectedCertificate' }], [[rsa, deny], { code: '18', at: 'Sign' }]]) {
                const page = await openFlow(t, 'G1', { consent });
                assert.deepEqual(await page.eval(() => portals.signContract(legacy)), wanted);
            }
            const page = await openFlow(t, 'G3', { consent: [deny] });
            const levy = await page.eval(() => portals.signLevy(legacy, 'QUJD'));
            assert.deepEqual([levy.code, levy.steps.length], ['18', 2]);
        });

        await t.test('files sealed to somebody else are 60, and the page goes on [R190]', async (t) => {
            const page = await openFlow(t, 'G1');
            const directory = await temporaryDirectory(t, 'stranger');
            const at = (name) => join(directory, name);
            await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('key'), '-out', at('pem'), '-subj', '/CN=Stranger', '-days', '2']);
            const cipher = (await run('openssl', ['cms', '-encrypt', '-binary', '-aes-128-cbc', '-outform', 'DER', at('pem')], { input: 'not yours' })).toString('base64');
            assert.deepEqual(await page.eval((cipher) => portals.openSealedFiles(legacy, [{ key: cipher, iv: cipher }]), cipher), { code: '60', opened: [] });
            assert.deepEqual(await page.eval(() => portals.signContract(legacy)), { valid: true });
        });
    });
}
