// SPDX-License-Identifier: Apache-2.0
import { createHash, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCertificate } from './login.mjs';
import { complaint, inTemporaryDirectory, openssl } from './openssl.mjs';

const verifyOptions = (trustFile) => [
    '-verify', '-binary', '-inform', 'DER', '-in', 'signature.der', '-no-CApath', '-no-CAstore', '-CAfile', trustFile,
];

/** Checks a detached CMS signature over the content in a file, in one pass, whatever its size. */
export async function verifyDetached({ trustFile, cms, contentFile }) {
    return inTemporaryDirectory(async (directory) => {
        await writeFile(join(directory, 'signature.der'), cms);
        const run = (...extra) =>
            openssl(['cms', ...verifyOptions(trustFile), '-content', contentFile, '-out', '/dev/null', ...extra], {
                cwd: directory,
            });
        const whole = await run('-signer', 'signer.pem');
        const checks = [];
        if (whole.ok) {
            checks.push({ name: 'signature', ok: true, detail: '' }, { name: 'chain', ok: true, detail: '' });
        } else {
            // Twice, to tell a wrong signature from a signer whose certificate leads nowhere.
            const signature = await run('-noverify', '-signer', 'signer.pem');
            checks.push({ name: 'signature', ok: signature.ok, detail: signature.ok ? '' : complaint(signature.stderr) });
            checks.push({ name: 'chain', ok: false, detail: signature.ok ? complaint(whole.stderr) : '' });
        }
        const { digest, signingTime } = await describeSignature(directory);
        return {
            valid: whole.ok,
            checks,
            signer: checks[0].ok ? await readSigner(directory) : undefined,
            digestAlgorithm: digest,
            signingTime,
        };
    });
}

async function readSigner(directory) {
    const pem = await readFile(join(directory, 'signer.pem'), 'utf8').catch(() => undefined);
    return pem === undefined ? undefined : describeCertificate(new X509Certificate(pem).raw);
}

async function describeSignature(directory) {
    const printed = await openssl(['cms', '-cmsout', '-print', '-noout', '-inform', 'DER', '-in', 'signature.der'], {
        cwd: directory,
    });
    const text = printed.stdout.toString('utf8');
    const signers = text.slice(text.indexOf('signerInfos:'));
    return {
        digest: /digestAlgorithm:\s*algorithm: (\S+)/.exec(signers)?.[1],
        signingTime: /signingTime[^]*?(?:UTCTIME|GENERALIZEDTIME):([^\n]+)/.exec(signers)?.[1]?.trim(),
    };
}

/** Opens an envelope that was sealed to this portal; AuthEnvelopedData gives nothing unless its tag holds. */
export async function openEnvelope({ cms, certificateFile, keyFile, outputLimit }) {
    return inTemporaryDirectory(async (directory) => {
        await writeFile(join(directory, 'sealed.der'), cms);
        const answer = await openssl(
            ['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', 'sealed.der', '-recip', certificateFile, '-inkey', keyFile, '-out', 'content'],
            { cwd: directory },
        );
        if (!answer.ok) return { valid: false, checks: [{ name: 'open', ok: false, detail: complaint(answer.stderr) }] };
        const content = await readFile(join(directory, 'content'));
        return {
            valid: true,
            checks: [{ name: 'open', ok: true, detail: '' }],
            size: content.length,
            sha256: createHash('sha256').update(content).digest('hex'),
            preview: readable(content.subarray(0, outputLimit)),
        };
    });
}

/** The text these bytes are the beginning of; nothing where they are no text. */
function readable(bytes) {
    try {
        // `stream` lets a character be cut at the end.
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
        return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
    } catch {
        return undefined;
    }
}
