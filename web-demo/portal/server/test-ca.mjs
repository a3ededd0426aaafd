// SPDX-License-Identifier: Apache-2.0
// Plays the certification authority until there is one. Everything it signs says TEST.
import { X509Certificate, randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { complaint, inTemporaryDirectory, openssl } from './openssl.mjs';

const caDays = '3650';
const leafDays = '730';

const caProfile = `
[req]
distinguished_name = name
x509_extensions = ca
prompt = no
string_mask = utf8only
utf8 = yes
[name]
C = IR
O = TEST - Mohr demo portal
CN = Mohr Demo TEST CA
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

const portalName = `
[req]
distinguished_name = name
prompt = no
string_mask = utf8only
utf8 = yes
[name]
C = IR
O = TEST - Mohr demo portal
CN = Mohr Demo Portal (TEST)
`;

// The silver profile: login, commitment and secrecy. An EC key agrees on keys where an RSA key unwraps them.
const silverProfile = (keyType) => `
[silver]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation, ${keyType === 'ec' ? 'keyAgreement' : 'keyEncipherment'}
extendedKeyUsage = clientAuth, emailProtection, 1.3.6.1.5.5.7.3.36
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 1.3.6.1.4.1.32473.1.2
`;

export class RequestRefused extends Error {}

export class TestCa {
    #directory;

    constructor(directory) {
        this.#directory = directory;
    }

    get certificateFile() {
        return join(this.#directory, 'ca.pem');
    }

    get #keyFile() {
        return join(this.#directory, 'ca.key');
    }

    /** Makes the authority at the first start; later starts find it. */
    async open() {
        await mkdir(this.#directory, { recursive: true, mode: 0o700 });
        await chmod(this.#directory, 0o700);
        const made = await access(this.certificateFile).then(() => true, () => false);
        if (made) return;
        await inTemporaryDirectory(async (temporary) => {
            const config = join(temporary, 'ca.cnf');
            await writeFile(config, caProfile);
            await must(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', this.#keyFile]);
            await chmod(this.#keyFile, 0o600);
            await must(['req', '-x509', '-new', '-utf8', '-config', config, '-key', this.#keyFile, '-sha256', '-days', caDays, '-out', this.certificateFile]);
        });
    }

    /** Takes a PKCS#10 request in DER and gives the certificate in DER. */
    async issue(request) {
        return inTemporaryDirectory(async (directory) => {
            await writeFile(join(directory, 'request.der'), request);
            const keyType = await checkedKeyType(directory);
            await writeFile(join(directory, 'silver.cnf'), silverProfile(keyType));
            // The top bit stays clear, or the serial number would be negative.
            const serial = randomBytes(16);
            serial[0] = (serial[0] & 0x7f) | 0x40;
            // This command, unlike `req -verify`, ends with an error where the request's own signature does not hold.
            const issued = await openssl(
                ['x509', '-req', '-inform', 'DER', '-in', 'request.der', '-CA', this.certificateFile, '-CAkey', this.#keyFile,
                    '-set_serial', `0x${serial.toString('hex')}`, '-days', leafDays, '-sha256',
                    '-extfile', 'silver.cnf', '-extensions', 'silver', '-outform', 'DER', '-out', 'leaf.der'],
                { cwd: directory },
            );
            if (!issued.ok) throw new RequestRefused(complaint(issued.stderr));
            return readFile(join(directory, 'leaf.der'));
        });
    }

    async certificate() {
        return new X509Certificate(await readFile(this.certificateFile)).raw;
    }

    /** A certificate of the portal itself, so that pages can seal something to it. */
    async portalIdentity() {
        const keyFile = join(this.#directory, 'portal.key');
        const certificateFile = join(this.#directory, 'portal.pem');
        const made = await access(certificateFile).then(() => true, () => false);
        if (!made) {
            await must(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', keyFile]);
            await chmod(keyFile, 0o600);
            const request = await inTemporaryDirectory(async (temporary) => {
                const config = join(temporary, 'portal.cnf');
                await writeFile(config, portalName);
                return must(['req', '-new', '-utf8', '-config', config, '-key', keyFile, '-outform', 'DER']);
            });
            const der = await this.issue(request);
            const pem = await must(['x509', '-inform', 'DER'], der);
            await writeFile(certificateFile, pem, { mode: 0o600 });
        }
        return { keyFile, certificateFile, der: new X509Certificate(await readFile(certificateFile)).raw };
    }
}

async function must(args, input) {
    const answer = await openssl(args, { input });
    if (!answer.ok) throw new Error(`openssl ${args[0]} failed: ${complaint(answer.stderr)}`);
    return answer.stdout;
}

async function checkedKeyType(directory) {
    const read = await openssl(['req', '-inform', 'DER', '-in', 'request.der', '-noout', '-text'], { cwd: directory });
    const text = read.stdout.toString('utf8');
    if (!read.ok) throw new RequestRefused('this is not a PKCS#10 request');
    const rsaBits = Number(/Public Key Algorithm: rsaEncryption\s+Public-Key: \((\d+) bit\)/.exec(text)?.[1] ?? 0);
    if (rsaBits >= 2048 && rsaBits <= 4096) return 'rsa';
    if (/Public Key Algorithm: id-ecPublicKey/.test(text) && /NIST CURVE: P-(256|384)\b/.test(text)) return 'ec';
    throw new RequestRefused('the key is of a kind that is not certified here');
}
