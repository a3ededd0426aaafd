// SPDX-License-Identifier: Apache-2.0
// The demo portal's backend: what it accepts and, above all, what it does not. The signer here is OpenSSL alone.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPortal } from './support/portal.mjs';
import { run, temporaryDirectory } from './support/processes.mjs';

const silver = 'critical,digitalSignature,nonRepudiation,keyEncipherment';
const bronze = 'critical,nonRepudiation';

/** A root and a signer with the given key usage, made by openssl. */
async function makeSigner(t, keyUsage = silver) {
    const directory = await temporaryDirectory(t, 'signer');
    const at = (name) => join(directory, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await run('openssl', ['req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Signer CA', '-days', '2',
        '-addext', 'keyUsage=critical,keyCertSign']);
    await run('openssl', ['req', '-new', ...key, '-keyout', at('leaf.key'), '-out', at('leaf.csr'), '-subj', '/CN=Signer']);
    await writeFile(at('leaf.cnf'), `keyUsage=${keyUsage}\n`);
    await run('openssl', ['x509', '-req', '-in', at('leaf.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', '7', '-days', '2',
        '-extfile', at('leaf.cnf'), '-out', at('leaf.pem')]);
    const der = await run('openssl', ['x509', '-in', at('leaf.pem'), '-outform', 'DER']);
    return { at, der, ca: at('ca.pem'), key: createPrivateKey(await readFile(at('leaf.key'))) };
}

const sha256 = (data) => createHash('sha256').update(data).digest();

function loginBody(signer, origin, challenge, algorithm = 'ECDSA-SHA-256', digest = 'sha256') {
    const statement = Buffer.concat([Buffer.from('mohr-auth-v1\0'), sha256(origin), sha256(Buffer.from(challenge, 'base64'))]);
    return {
        challenge,
        algorithm,
        signature: sign(digest, statement, signer.key).toString('base64'),
        certificate: signer.der.toString('base64'),
        chain: [],
    };
}

const failed = ({ value }) => value.checks.filter((check) => !check.ok).map((check) => check.name);

async function cmsOf(signer, content) {
    const file = signer.at('content');
    await writeFile(file, content);
    return run('openssl', ['cms', '-sign', '-binary', '-in', file, '-signer', signer.at('leaf.pem'), '-inkey', signer.at('leaf.key'), '-outform', 'DER', '-md', 'sha256']);
}

test('a login with a fresh challenge is accepted once and starts a session [T19]', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const { challenge } = (await portal.post('/api/challenge')).value;
    assert.equal(Buffer.from(challenge, 'base64').length, 32);
    const body = loginBody(signer, portal.url, challenge);
    const accepted = await portal.post('/api/login', body);
    assert.deepEqual([accepted.value.valid, failed(accepted)], [true, []]);
    assert.match((await portal.send('GET', '/api/session')).text, /CN=Signer/);
    const replayed = await portal.post('/api/login', body);
    assert.deepEqual([replayed.value.valid, failed(replayed)], [false, ['challenge']]);
});

test('a login statement for another site or another challenge is refused [T19]', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const one = (await portal.post('/api/challenge')).value.challenge;
    assert.deepEqual(failed(await portal.post('/api/login', loginBody(signer, 'https://evil.example', one))), ['signature']);
    const two = (await portal.post('/api/challenge')).value.challenge;
    const swapped = { ...loginBody(signer, portal.url, one), challenge: two };
    assert.deepEqual(failed(await portal.post('/api/login', swapped)), ['signature']);
});

test('a challenge of another visitor is refused [T19]', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const { challenge } = (await portal.post('/api/challenge')).value;
    await portal.post('/api/challenge', {}, { Cookie: '' });
    const answer = await portal.post('/api/login', loginBody(signer, portal.url, challenge), { Cookie: 'mohr-demo-session=00' });
    assert.deepEqual(failed(answer), ['challenge']);
});

test('a commitment-only certificate, an unknown root and a weak algorithm cannot log in [R193]', async (t) => {
    const bronzeSigner = await makeSigner(t, bronze);
    const stranger = await makeSigner(t);
    const portal = await startPortal(t, { trust: [bronzeSigner.ca] });
    const attempt = async (signer, ...rest) => {
        const { challenge } = (await portal.post('/api/challenge')).value;
        return failed(await portal.post('/api/login', loginBody(signer, portal.url, challenge, ...rest)));
    };
    assert.deepEqual(await attempt(bronzeSigner), ['chain']);
    assert.deepEqual(await attempt(stranger), ['chain']);
    assert.deepEqual(await attempt(stranger, 'ECDSA-SHA-1', 'sha1'), ['signature', 'chain']);
    // The name of the algorithm is not believed either.
    assert.deepEqual(await attempt(stranger, 'RSASSA-PKCS1-v1_5-SHA-256'), ['signature', 'chain']);
});

test('a CMS signature is accepted over its content and over no other [R186]', async (t) => {
    const signer = await makeSigner(t, bronze);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const content = Buffer.from('قرارداد');
    const cms = (await cmsOf(signer, content)).toString('base64');
    const good = await portal.post('/api/verify', { cms, content: content.toString('base64') });
    assert.deepEqual([good.value.valid, good.value.digestAlgorithm], [true, 'sha256']);
    assert.match(good.value.signer.subject, /CN=Signer/);
    const bad = await portal.post('/api/verify', { cms, content: Buffer.from('دیگر').toString('base64') });
    assert.deepEqual([bad.value.valid, failed(bad)], [false, ['signature', 'chain']]);
});

test('a right signature of a signer from nowhere is told from a wrong one', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t);
    const content = Buffer.from('x');
    const answer = await portal.post('/api/verify', { cms: (await cmsOf(signer, content)).toString('base64'), content: content.toString('base64') });
    assert.deepEqual([answer.value.valid, failed(answer)], [false, ['chain']]);
});

test('a file that was sent before is verified from disk and used once', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const content = Buffer.alloc(3 * 1024 * 1024, 7);
    const sent = (await portal.post('/api/content', content)).value;
    assert.deepEqual([sent.size, sent.sha256], [content.length, sha256(content).toString('hex')]);
    const body = { cms: (await cmsOf(signer, content)).toString('base64'), contentId: sent.id };
    assert.equal((await portal.post('/api/verify', body)).value.valid, true);
    assert.equal((await portal.post('/api/verify', body)).status, 404);
});

test('one bad item of a batch is named', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const item = async (id, signed, shown) => ({
        id,
        cms: (await cmsOf(signer, Buffer.from(signed))).toString('base64'),
        content: Buffer.from(shown).toString('base64'),
    });
    const items = [await item('a', 'one', 'one'), await item('b', 'two', 'three')];
    const { value } = await portal.post('/api/verify-batch', { items });
    assert.deepEqual([value.valid, value.verdicts.map(({ id, valid }) => [id, valid])], [false, [['a', true], ['b', false]]]);
});

test('the test authority issues the silver profile to whoever holds the key [R74]', async (t) => {
    const directory = await temporaryDirectory(t, 'request');
    const portal = await startPortal(t);
    const make = async (...key) => {
        const file = join(directory, 'request.der');
        await run('openssl', ['req', '-new', ...key, '-nodes', '-keyout', join(directory, 'key.pem'), '-subj', '/CN=Applicant', '-outform', 'DER', '-out', file]);
        return readFile(file);
    };
    for (const [kind, usage] of [
        [['-newkey', 'rsa:2048'], 'Digital Signature, Non Repudiation, Key Encipherment'],
        [['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'Digital Signature, Non Repudiation, Key Agreement'],
    ]) {
        const request = await make(...kind);
        const { value } = await portal.post('/api/ca/issue', { request: request.toString('base64') });
        const leaf = join(directory, 'leaf.der');
        await writeFile(leaf, Buffer.from(value.certificate, 'base64'));
        assert.match((await run('openssl', ['x509', '-inform', 'DER', '-in', leaf, '-noout', '-ext', 'keyUsage'])).toString(), new RegExp(usage));
        await run('openssl', ['verify', '-CAfile', portal.caFile, leaf]);
        const changed = Buffer.from(request);
        changed[changed.length - 3] ^= 1;
        const refused = await portal.post('/api/ca/issue', { request: changed.toString('base64') });
        assert.deepEqual([refused.status, refused.value.error.code], [422, 'request_refused']);
    }
    const weak = await make('-newkey', 'rsa:1024');
    assert.equal((await portal.post('/api/ca/issue', { request: weak.toString('base64') })).status, 422);
    assert.equal((await portal.post('/api/ca/issue', { request: 'AAAA' })).status, 422);
});

test('what is sealed to the portal it opens, and an altered envelope gives nothing [T22]', async (t) => {
    const directory = await temporaryDirectory(t, 'seal');
    const portal = await startPortal(t);
    const { certificate } = JSON.parse((await portal.send('GET', '/api/recipient')).text);
    const recipient = join(directory, 'recipient.pem');
    await writeFile(recipient, `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`);
    const sealed = await run('openssl', ['cms', '-encrypt', '-binary', '-aes-256-gcm', '-outform', 'DER', recipient], { input: 'secret' });
    const opened = await portal.post('/api/open', sealed);
    assert.deepEqual([opened.value.valid, opened.value.preview], [true, 'secret']);
    const altered = Buffer.from(sealed);
    altered[altered.length - 1] ^= 1;
    assert.equal((await portal.post('/api/open', altered)).value.valid, false);
});

test('another host name, another site and bodies over a limit are refused [T04]', async (t) => {
    const portal = await startPortal(t, { extra: ['--upload-limit', '1000'] });
    assert.equal((await portal.send('GET', '/', { headers: { Host: 'rebind.test:80' } })).status, 421);
    assert.equal((await portal.post('/api/challenge', {}, { Origin: 'https://evil.example' })).status, 403);
    assert.equal((await portal.post('/api/challenge', {}, { Origin: '' })).status, 403);
    assert.equal((await portal.post('/api/content', Buffer.alloc(1001))).status, 413);
    assert.equal((await portal.post('/api/login', { certificate: 'A'.repeat(200_000) })).status, 413);
    assert.equal((await portal.post('/api/verify', { cms: '%', content: '' })).status, 400);
    assert.equal((await portal.send('GET', '/../server.mjs')).status, 404);
    assert.equal((await portal.send('GET', '/%2e%2e/server.mjs')).status, 404);
});

test('every page comes with a policy that lets it reach us and the service only', async (t) => {
    const portal = await startPortal(t, { ws: 'ws://127.0.0.1:1/v1', wss: 'wss://localhost:2/v1' });
    const { headers } = await portal.send('GET', '/');
    const policy = headers['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /connect-src 'self' ws:\/\/127\.0\.0\.1:1 wss:\/\/localhost:2;/);
    assert.doesNotMatch(policy, /unsafe|\*/);
});

test('a deferred signature becomes a CMS that holds, whatever the page calls its digest [R186]', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const certificate = signer.der.toString('base64');
    for (const [hash, digest] of [['SHA1', 'sha1'], ['', 'sha256']]) {
        const prepare = async () => (await portal.post('/api/legacy/prepare', { certificate, hash })).value;
        const { id, digest: asked } = await prepare();
        const bytes = Buffer.from(asked, 'base64');
        // With an empty name what is handed out is the hash itself, so it is signed without another one.
        const signature = hash === '' ? await signHash(signer, bytes) : sign(digest, bytes, signer.key);
        const body = { id, signature: signature.toString('base64') };
        const finished = await portal.post('/api/legacy/finish', body);
        assert.deepEqual([finished.value.valid, finished.value.digestAlgorithm], [true, digest]);
        assert.equal((await portal.post('/api/legacy/finish', body)).status, 404, 'it serves once');
        const other = await prepare();
        const wrong = await portal.post('/api/legacy/finish', { id: other.id, signature: sign(digest, Buffer.from('x'), signer.key).toString('base64') });
        assert.deepEqual([wrong.value.valid, failed(wrong)], [false, ['signature', 'chain']]);
    }
    assert.equal((await portal.post('/api/legacy/prepare', { certificate, hash: 'MD5' })).status, 400);
});

async function signHash(signer, hash) {
    return run('openssl', ['pkeyutl', '-sign', '-inkey', signer.at('leaf.key'), '-pkeyopt', 'digest:sha256'], { input: hash });
}

test('a challenge signed as CMS logs in once, and only for the certificate that the page named [T19]', async (t) => {
    const signer = await makeSigner(t);
    const stranger = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const attempt = async (certificate) => {
        const { challenge } = (await portal.post('/api/challenge')).value;
        const cms = (await cmsOf(signer, Buffer.from(challenge, 'base64'))).toString('base64');
        const body = { challenge, cms, certificate: certificate.toString('base64') };
        return [await portal.post('/api/legacy/login', body), await portal.post('/api/legacy/login', body)].map(failed);
    };
    assert.deepEqual(await attempt(signer.der), [[], ['challenge']]);
    assert.deepEqual(await attempt(stranger.der), [['signer'], ['challenge', 'signer']]);
});

test('sealed tender files open with what comes out of their envelopes and with nothing else [T22]', async (t) => {
    const signer = await makeSigner(t);
    const portal = await startPortal(t, { trust: [signer.ca] });
    const { id, files } = (await portal.post('/api/legacy/seal', { certificate: signer.der.toString('base64') })).value;
    const open = async (cms) => {
        const args = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-inkey', signer.at('leaf.key'), '-recip', signer.at('leaf.pem')];
        return (await run('openssl', args, { input: Buffer.from(cms, 'base64') })).toString('base64');
    };
    const keys = await Promise.all(files.map(async ({ key, iv }) => ({ key: await open(key), iv: await open(iv) })));
    const contents = await Promise.all(files.map(({ envelope }) => open(envelope)));
    const opened = (body) => portal.post('/api/legacy/opened', { id, ...body });
    assert.equal((await opened({ keys })).value.valid, true);
    assert.equal((await opened({ contents })).value.valid, true);
    const swapped = await opened({ keys: [...keys].reverse() });
    assert.deepEqual([swapped.value.valid, failed(swapped)], [false, files.map(({ name }) => name)]);
    assert.equal((await opened({ contents: [contents[0]] })).status, 400);
    assert.equal((await portal.post('/api/legacy/opened', { id: 'x', keys })).status, 404);
});
