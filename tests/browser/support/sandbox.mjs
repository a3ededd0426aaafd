// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Program, atEnd, run, temporaryDirectory } from './processes.mjs';

function daemon() {
    const build = process.env.MOHR_BUILD;
    if (!build) throw new Error('MOHR_BUILD must name the build directory');
    const found = [join(build, 'daemon/core/mohrd'), join(build, 'mohrd')].find(existsSync);
    if (!found) throw new Error(`there is no mohrd under ${build}`);
    return found;
}

/** Runs the command line; its JSON, for a person with this home. Fails where it does not end with 0. */
export async function mohr(home, ...args) {
    const environment = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, XDG_RUNTIME_DIR: home };
    const out = await run(join(process.env.MOHR_BUILD, 'cli/mohr'), [...args, '--json'], { env: environment });
    return JSON.parse(out.toString());
}

/**
 * The real daemon in a sandbox of its own, with scripted answers to its prompts. `consent` is 'allow', 'deny' or a list of
 * answers, of which the last repeats. `ports` {plain, tls, extra} are taken in place of free ones; `directory` is one that a
 * sandbox had before.
 */
export async function startSandbox(t, { consent = 'allow', shorten, developer = true, ports, directory } = {}) {
    directory ??= await temporaryDirectory(t, 'sandbox');
    const runtime = join(directory, 'run');
    await mkdir(runtime, { mode: 0o700, recursive: true });
    const args = ['--sandbox', join(directory, 'profile')];
    if (Array.isArray(consent)) {
        const script = join(directory, 'consent.jsonl');
        await writeFile(script, consent.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
        args.push('--consent', `script:${script}`);
    } else {
        args.push('--consent', consent);
    }
    if (developer) args.push('--developer');
    if (ports !== undefined) {
        const config = join(directory, 'mohrd.toml');
        const lines = [`plain_port = ${ports.plain}`, `tls_port = ${ports.tls}`, `extra_plain_ports = ${JSON.stringify(ports.extra ?? [])}`];
        await writeFile(config, `[listen]\n${lines.join('\n')}\n`, { mode: 0o600 });
        args.push('--config', config, '--configured-ports');
    }
    if (shorten !== undefined) args.push('--shorten-timers', String(shorten));
    // No display of ours: prompts go where the test says.
    const { DISPLAY, WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS, ...withoutDisplay } = process.env;
    const program = new Program(daemon(), args, { env: { ...withoutDisplay, XDG_RUNTIME_DIR: runtime } });
    atEnd(t, () => program.stop());
    const [line] = await program.said(/^\{"ready":true.*\}$/m);
    return new Sandbox(program, JSON.parse(line), directory);
}

/** Numbers of ports that were free a moment ago. */
export async function freePorts(count) {
    const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const ports = servers.map((server) => server.address().port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    return ports;
}

class Sandbox {
    constructor(program, ready, directory) {
        this.program = program;
        this.directory = directory;
        Object.assign(this, { ws: ready.ws, wss: ready.wss, ca: ready.ca, controlPath: ready.control });
        this.wsPort = new URL(ready.ws).port;
        this.wssPort = new URL(ready.wss).port;
    }

    /** One request on the control socket: `uint32be length ‖ kind ‖ JSON`. */
    async control(method, params = {}) {
        const socket = createConnection(this.controlPath);
        try {
            await once(socket, 'connect');
            const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
            const head = Buffer.alloc(5);
            head.writeUInt32BE(body.length + 1);
            socket.write(Buffer.concat([head, body]));
            let received = Buffer.alloc(0);
            for await (const part of socket) {
                received = Buffer.concat([received, part]);
                while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
                    const length = received.readUInt32BE(0);
                    const message = JSON.parse(received.subarray(5, 4 + length).toString('utf8'));
                    received = received.subarray(4 + length);
                    if (message.id !== 1) continue;
                    if (message.error) throw new Error(`${method}: ${JSON.stringify(message.error)}`);
                    return message.result;
                }
            }
            throw new Error(`${method}: the control socket closed`);
        } finally {
            socket.destroy();
        }
    }

    stop() {
        return this.program.stop();
    }
}
