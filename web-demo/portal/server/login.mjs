// SPDX-License-Identifier: Apache-2.0
import { X509Certificate, constants, createHash, randomBytes, verify } from 'node:crypto';
import { join } from 'node:path';
import { complaint, inTemporaryDirectory, openssl, writePem } from './openssl.mjs';

const challengeBytes = 32;
const lifeMs = 2 * 60 * 1000;
const challengesAtOnce = 1000;

/** Challenges that this portal gave out: each serves once, for the session it was given to, for two minutes. */
export class Challenges {
    #open = new Map();
    #now;

    constructor(now = Date.now) {
        this.#now = now;
    }

    issue(session) {
        for (const [challenge, { expires }] of this.#open) {
            if (expires < this.#now() || this.#open.size >= challengesAtOnce) this.#open.delete(challenge);
        }
        const challenge = randomBytes(challengeBytes).toString('base64');
        this.#open.set(challenge, { session, expires: this.#now() + lifeMs });
        return challenge;
    }

    /** True once, for the right session, in time. Whatever the outcome, the challenge is gone. */
    take(challenge, session) {
        const known = this.#open.get(challenge);
        this.#open.delete(challenge);
        return known !== undefined && known.session === session && known.expires >= this.#now();
    }
}

const sha256 = (data) => createHash('sha256').update(data).digest();

/** What a login signature is over. The origin is the portal's own and never one that came with the request. */
export function loginStatement(origin, challenge) {
    return Buffer.concat([Buffer.from('mohr-auth-v1\0', 'ascii'), sha256(origin), sha256(challenge)]);
}

const algorithms = new Map();
for (const hash of ['SHA-256', 'SHA-384', 'SHA-512']) {
    const digest = hash.replace('-', '').toLowerCase();
    algorithms.set(`RSASSA-PKCS1-v1_5-${hash}`, { digest, type: 'rsa', padding: constants.RSA_PKCS1_PADDING });
    algorithms.set(`RSA-PSS-${hash}`, {
        digest,
        type: 'rsa',
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    });
    algorithms.set(`ECDSA-${hash}`, { digest, type: 'ec', dsaEncoding: 'der' });
}

/** Checks a signature with an algorithm from the list, so that the client cannot talk us into a weak one. */
export function signatureHolds(certificate, algorithm, data, signature) {
    const known = algorithms.get(algorithm);
    const key = certificate.publicKey;
    if (!known || key.asymmetricKeyType !== known.type) return false;
    const { digest, type: _type, ...options } = known;
    try {
        return verify(digest, data, { key, ...options }, signature);
    } catch {
        return false;
    }
}

/** Is this certificate good, by default for logging in: chain, time and key usage, by `openssl verify` for TLS clients. */
export async function chainHolds(trustFile, leaf, chain, purpose = 'sslclient') {
    return inTemporaryDirectory(async (directory) => {
        const leafFile = join(directory, 'leaf.pem');
        const chainFile = join(directory, 'chain.pem');
        await writePem(leafFile, [leaf]);
        await writePem(chainFile, chain);
        const untrusted = chain.length > 0 ? ['-untrusted', chainFile] : [];
        // Client purpose needs the digitalSignature bit: a certificate for commitments only cannot log in.
        const answer = await openssl([
            'verify', '-no-CApath', '-no-CAstore', '-CAfile', trustFile, ...untrusted, '-purpose', purpose, leafFile,
        ]);
        return { ok: answer.ok, detail: answer.ok ? '' : complaint(answer.stderr) };
    });
}

export function describeCertificate(der) {
    const certificate = new X509Certificate(der);
    return {
        subject: certificate.subject,
        issuer: certificate.issuer,
        serialNumber: certificate.serialNumber,
        validTo: new Date(certificate.validTo).toISOString(),
        fingerprint: certificate.fingerprint256,
    };
}

/** Every check by itself, so that the page can show which one failed. */
export async function checkLogin({ origin, trustFile, challengeFresh, request }) {
    const leaf = Buffer.from(request.certificate, 'base64');
    const chain = request.chain.map((item) => Buffer.from(item, 'base64'));
    const certificate = new X509Certificate(leaf);
    const statement = loginStatement(origin, Buffer.from(request.challenge, 'base64'));
    const signed = signatureHolds(certificate, request.algorithm, statement, Buffer.from(request.signature, 'base64'));
    const path = await chainHolds(trustFile, leaf, chain);
    const checks = [
        { name: 'challenge', ok: challengeFresh, detail: '' },
        { name: 'signature', ok: signed, detail: `${request.algorithm}, ${origin}` },
        { name: 'chain', ok: path.ok, detail: path.detail },
    ];
    return { valid: checks.every((check) => check.ok), checks, signer: describeCertificate(leaf) };
}
