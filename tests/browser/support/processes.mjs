// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A daemon or a browser that runs as root would pass tests that no user's would.
if (process.getuid() === 0) throw new Error('these tests do not run as root; see scripts/browser-tests');

/** Options of a test that takes minutes: it runs only where MOHR_SLOW is set. */
export const slow = process.env.MOHR_SLOW === '1' ? {} : { skip: 'slow: runs with MOHR_SLOW=1' };

const startTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;

/** A program of this test, found by its own process id only. */
export class Program {
    #child;
    #exited;
    #output = '';

    constructor(command, args, options = {}) {
        this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        this.#exited = new Promise((resolve) => {
            this.#child.once('exit', resolve);
            this.#child.once('error', resolve);
        });
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            stream.setEncoding('utf8').on('data', (text) => (this.#output = (this.#output + text).slice(-65536)));
        }
    }

    get pid() {
        return this.#child.pid;
    }

    get output() {
        return this.#output;
    }

    /** The first match in what the program has said, on either stream, so far or soon. */
    async said(pattern) {
        const deadline = Date.now() + startTimeoutMs;
        for (;;) {
            const match = pattern.exec(this.#output);
            if (match) return match;
            const left = deadline - Date.now();
            const ended = this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
            if (left <= 0 || ended) throw new Error(`${this.#child.spawnfile} did not say ${pattern}:\n${this.#output}`);
            await Promise.race([this.#exited, new Promise((resolve) => setTimeout(resolve, 20))]);
        }
    }

    async stop() {
        if (this.#child.pid === undefined) return;
        this.#child.kill('SIGTERM');
        const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
        await this.#exited;
        clearTimeout(timer);
    }
}

const endings = new WeakMap();

/** Does something when a test is over; what was begun last ends first. */
export function atEnd(t, action) {
    if (!endings.has(t)) {
        endings.set(t, []);
        t.after(async () => {
            for (const end of endings.get(t).reverse()) await end();
        });
    }
    endings.get(t).push(action);
}

/** A directory for the length of a test. */
export async function temporaryDirectory(t, name) {
    const directory = await mkdtemp(join(tmpdir(), `mohr-${name}-`));
    atEnd(t, () => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
    return directory;
}

/** Puts each certificate of these PEM files into an NSS store as a root to trust. */
export async function trustRoots(store, files) {
    await run('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
    let at = 0;
    for (const file of files) {
        const pem = await readFile(file, 'utf8');
        for (const [root] of pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g)) {
            await run('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', `test root ${at++}`], { input: root });
        }
    }
}

/** Runs a command to its end and gives what it wrote; throws where it fails. */
export async function run(command, args, { input, ...options } = {}) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const parts = { stdout: [], stderr: [] };
    child.stdout.on('data', (part) => parts.stdout.push(part));
    child.stderr.on('data', (part) => parts.stderr.push(part));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${Buffer.concat(parts.stderr)}`);
    return Buffer.concat(parts.stdout);
}

/**
 * The command that runs another with `directory` laid over /etc, in name spaces of its own: policies of an administrator without
 * touching those of this machine. Nothing in front of it where there is no directory.
 */
export function withEtc(directory, command, args) {
    if (directory === undefined) return [command, args];
    const script = 'mount -t overlay overlay -o lowerdir="$1":/etc /etc && shift && exec unshare --user "$@"';
    const identity = [`--map-user=${process.getuid()}`, `--map-group=${process.getgid()}`];
    return ['unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', directory, ...identity, command, ...args]];
}

/** Waits until something holds, and fails with its name if it never does. */
export async function eventually(what, holds, timeoutMs = 15_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
        const value = await holds();
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
