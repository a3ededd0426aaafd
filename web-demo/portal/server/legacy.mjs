// SPDX-License-Identifier: Apache-2.0
// The server's side of the flows that existing portals run over the old wire, and of what replaces them.
import { X509Certificate, createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assembleCms, signedAttributes } from './deferred.mjs';
import { HttpError, base64Member } from './http.mjs';
import { chainHolds } from './login.mjs';
import { inTemporaryDirectory, openssl, writePem } from './openssl.mjs';

const KiB = 1024;
const lifeMs = 10 * 60 * 1000;
const openAtOnce = 200;
const keyBytes = 32;
const ivBytes = 16;

const contract = {
    name: 'contract.txt',
    content: Buffer.from('قرارداد نمونه / Sample contract\nموضوع: خرید ده دستگاه رایانه\nSubject: ten computers\n', 'utf8'),
};
const tenderFiles = [
    { name: 'price.txt', content: Buffer.from('قیمت پیشنهادی: ۴۸۰٬۰۰۰٬۰۰۰ ریال\nOffer: 480,000,000 rial\n', 'utf8') },
    { name: 'terms.txt', content: Buffer.from('تحویل در سی روز\nDelivery in thirty days\n', 'utf8') },
];
// What the portals' pages name, and what their servers take an empty name for.
const digests = new Map([['SHA1', 'sha1'], ['', 'sha256']]);

const readCertificate = (bytes) => {
    try {
        return new X509Certificate(bytes);
    } catch {
        throw new HttpError(400, 'malformed_data', 'the certificate cannot be read');
    }
};

export class LegacyDesk {
    #verify;
    #trustFile;
    #open = new Map();

    /** `verify(cms, content)` is the portal's own check of a detached signature. */
    constructor(verify, trustFile) {
        this.#verify = verify;
        this.#trustFile = trustFile;
    }

    contract() {
        return { name: contract.name, content: contract.content.toString('base64') };
    }

    /** Makes the bytes to be signed: with a digest's name all of them, without one only their hash. */
    prepare(body) {
        const certificate = base64Member(body, 'certificate', 16 * KiB);
        readCertificate(certificate);
        const digest = digests.get(body.hash);
        if (digest === undefined) throw new HttpError(400, 'invalid_request', 'hash is SHA1 or empty');
        const attributes = signedAttributes(digest, contract.content);
        const handedOut = body.hash === '' ? createHash(digest).update(attributes).digest() : attributes;
        return { id: this.#keep({ digest, attributes, certificate }), digest: handedOut.toString('base64') };
    }

    finish(body) {
        const signature = base64Member(body, 'signature', 2 * KiB);
        const { digest, attributes, certificate } = this.#take(body.id);
        return this.#verify(assembleCms({ digest, attributes, certificate, signature }), contract.content);
    }

    signed(body) {
        return this.#verify(base64Member(body, 'cms', 64 * KiB), contract.content);
    }

    /** Looks at a certificate before anything is signed with it, and gives the document. */
    async validate(body) {
        const leaf = base64Member(body, 'certificate', 16 * KiB);
        readCertificate(leaf);
        const chain = await chainHolds(this.#trustFile, leaf, [], 'smimesign');
        if (!chain.ok) throw new HttpError(422, 'certificate_refused', chain.detail);
        return this.contract();
    }

    /** A login by a signature over the bare challenge: good only if the signer is whoever the page said. */
    async login(body, challengeFresh) {
        const claimed = readCertificate(base64Member(body, 'certificate', 16 * KiB));
        const challenge = base64Member(body, 'challenge', 512);
        const verdict = await this.#verify(base64Member(body, 'cms', 64 * KiB), challenge);
        const same = verdict.signer?.fingerprint === claimed.fingerprint256;
        const checks = [{ name: 'challenge', ok: challengeFresh, detail: '' }, ...verdict.checks, { name: 'signer', ok: same, detail: '' }];
        return { ...verdict, checks, valid: checks.every(({ ok }) => ok) };
    }

    /** Seals each file twice: as the old portals do, by a content key and an IV, and as one envelope. */
    async seal(body) {
        const recipient = base64Member(body, 'certificate', 16 * KiB);
        readCertificate(recipient);
        const secrets = tenderFiles.map(() => ({ key: randomBytes(keyBytes), iv: randomBytes(ivBytes) }));
        const files = [];
        for (const [at, { name, content }] of tenderFiles.entries()) {
            const { key, iv } = secrets[at];
            files.push({
                name,
                key: await sealed(recipient, key, '-aes-256-cbc'),
                iv: await sealed(recipient, iv, '-aes-256-cbc'),
                envelope: await sealed(recipient, content, '-aes-256-gcm'),
            });
        }
        const encrypted = tenderFiles.map(({ content }, at) => {
            const cipher = createCipheriv('aes-256-cbc', secrets[at].key, secrets[at].iv);
            return Buffer.concat([cipher.update(content), cipher.final()]);
        });
        return { id: this.#keep({ encrypted }), files };
    }

    /** `keys` to open the files with, or their `contents`. */
    opened(body) {
        const given = body.keys ?? body.contents;
        if (!Array.isArray(given) || given.length !== tenderFiles.length) {
            throw new HttpError(400, 'invalid_request', `${tenderFiles.length} keys or contents`);
        }
        const { encrypted } = this.#look(body.id);
        const checks = tenderFiles.map(({ name, content }, at) => {
            const found = body.keys ? unlock(encrypted[at], given[at]) : base64Member(given, at, 64 * KiB);
            return { name, ok: found?.equals(content) === true, detail: '' };
        });
        return { valid: checks.every(({ ok }) => ok), checks, preview: tenderFiles.map(({ content }) => content.toString('utf8')).join('') };
    }

    #keep(work) {
        for (const [id, { expires }] of this.#open) {
            if (expires < Date.now() || this.#open.size >= openAtOnce) this.#open.delete(id);
        }
        const id = randomBytes(16).toString('hex');
        this.#open.set(id, { ...work, expires: Date.now() + lifeMs });
        return id;
    }

    #look(id) {
        const work = this.#open.get(id);
        if (work === undefined || work.expires < Date.now()) throw new HttpError(404, 'not_found', 'there is nothing open under this id');
        return work;
    }

    #take(id) {
        const work = this.#look(id);
        this.#open.delete(id);
        return work;
    }
}

async function sealed(recipient, content, cipher) {
    return inTemporaryDirectory(async (directory) => {
        const file = join(directory, 'recipient.pem');
        await writePem(file, [recipient]);
        const answer = await openssl(['cms', '-encrypt', '-binary', cipher, '-outform', 'DER', file], { input: content });
        if (!answer.ok) throw new HttpError(422, 'certificate_refused', 'nothing can be sealed to this certificate');
        return answer.stdout.toString('base64');
    });
}

function unlock(encrypted, pair) {
    const key = base64Member(pair, 'key', keyBytes);
    const iv = base64Member(pair, 'iv', ivBytes);
    if (key.length !== keyBytes || iv.length !== ivBytes) return undefined;
    try {
        const decipher = createDecipheriv('aes-256-cbc', key, iv);
        return Buffer.concat([decipher.update(encrypted), decipher.final()]);
    } catch {
        return undefined; // another key than the one it was sealed with
    }
}
