// SPDX-License-Identifier: Apache-2.0
// The portal trusts no word of the signing service: everything is checked with node:crypto and the openssl command.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const processesAtOnce = 4;
const timeoutMs = 120_000;
const outputLimit = 1024 * 1024;

let running = 0;
const waiting = [];

async function slot() {
    if (running >= processesAtOnce) await new Promise((resolve) => waiting.push(resolve));
    else running += 1;
}

function release() {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
}

/** Runs openssl; never throws for a refusal: the exit status is part of the answer. */
export async function openssl(args, { cwd, input } = {}) {
    await slot();
    try {
        return await new Promise((resolve, reject) => {
            const child = spawn('openssl', args, {
                cwd,
                timeout: timeoutMs,
                stdio: ['pipe', 'pipe', 'pipe'],
                // The machine's own openssl.cnf must not change what is checked.
                env: { PATH: process.env.PATH, OPENSSL_CONF: '/dev/null', LC_ALL: 'C.UTF-8' },
            });
            const output = { stdout: [], stderr: [] };
            for (const name of ['stdout', 'stderr']) {
                let size = 0;
                child[name].on('data', (part) => {
                    size += part.length;
                    if (size <= outputLimit) output[name].push(part);
                });
            }
            child.stdin.on('error', () => undefined); // It may end before it has read everything.
            child.stdin.end(input);
            child.on('error', reject);
            child.on('close', (code) =>
                resolve({
                    ok: code === 0,
                    stdout: Buffer.concat(output.stdout),
                    stderr: Buffer.concat(output.stderr).toString('utf8'),
                }),
            );
        });
    } finally {
        release();
    }
}

/** Gives `work` a private directory that is gone afterwards. */
export async function inTemporaryDirectory(work) {
    const directory = await mkdtemp(join(tmpdir(), 'mohr-portal-'));
    try {
        return await work(directory);
    } finally {
        await rm(directory, { recursive: true, force: true });
    }
}

export function toPem(der, label = 'CERTIFICATE') {
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export async function writePem(path, ders) {
    await writeFile(path, ders.map((der) => toPem(der)).join(''));
}

/** The last line of openssl's complaints that says something, for the list of checks. */
export function complaint(stderr) {
    const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    const told = lines.find((line) => line.startsWith('error ') || line.includes('Verify error:'));
    const last = told ?? lines.find((line) => /^[0-9A-F]+:error:/.test(line)) ?? lines.at(-1) ?? 'refused';
    return last.replace(/^[0-9A-F]+:error:[0-9A-F]+:/, '').slice(0, 200);
}
