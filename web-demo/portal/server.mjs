#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The demo portal: `node server.mjs --port 0 --data DIR [--trust FILE…] --ws URL [--wss URL]`.
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Portal } from './server/portal.mjs';

const usage = `Usage: server.mjs --data DIR [--port N] [--trust FILE]... [--ws URL] [--wss URL] [--upload-limit BYTES]

  --data DIR            where the test CA and temporary files live (0700)
  --port N              port on the loopback interface; 0 (default) takes a free one
  --trust FILE          further CA certificates (PEM) that signers may have theirs from; may be repeated
  --ws, --wss URL       where the page finds the signing service
  --upload-limit BYTES  largest file that is taken for verification (4 GiB)

Prints one line of JSON when it listens: {"ready":true,"url":"http://localhost:PORT"}. SIGTERM ends it.`;

function settings() {
    const { values } = parseArgs({
        options: {
            data: { type: 'string' },
            port: { type: 'string', default: '0' },
            trust: { type: 'string', multiple: true, default: [] },
            ws: { type: 'string', default: 'ws://127.0.0.1:51356/v1' },
            wss: { type: 'string', default: 'wss://localhost:51357/v1' },
            'upload-limit': { type: 'string', default: String(4 * 1024 ** 3) },
            help: { type: 'boolean', short: 'h', default: false },
        },
    });
    if (values.help) {
        console.log(usage);
        process.exit(0);
    }
    const port = Number(values.port);
    const uploadLimit = Number(values['upload-limit']);
    if (values.data === undefined) throw new Error('--data is missing');
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error('--port takes 0 to 65535');
    if (!Number.isInteger(uploadLimit) || uploadLimit < 1) throw new Error('--upload-limit takes a number of bytes');
    // openssl works in directories of its own, so the paths must not depend on ours.
    const trustFiles = values.trust.map((file) => resolve(file));
    const services = { ws: values.ws, wss: values.wss };
    return { port, dataFolder: resolve(values.data), trustFiles, services, uploadLimit };
}

function listen(port, host, handler) {
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 600_000, maxHeaderSize: 16_384 }, handler);
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve(server));
    });
}

async function main() {
    process.umask(0o077);
    let options;
    try {
        options = settings();
    } catch (error) {
        console.error(`server.mjs: ${error.message}\n\n${usage}`);
        process.exit(2);
    }
    let portal;
    const handler = (request, response) => portal.handle(request, response);
    const servers = [await listen(options.port, '127.0.0.1', handler)];
    const port = servers[0].address().port;
    const origin = `http://localhost:${port}`;
    portal = new Portal({ ...options, origin });
    await portal.open();
    // Browsers try ::1 first for "localhost"; another program there would otherwise be shown as the portal.
    servers.push(
        ...(await listen(port, '::1', handler).then(
            (server) => [server],
            (error) => {
                if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return [];
                throw error;
            },
        )),
    );
    const stop = async () => {
        for (const server of servers) {
            server.close();
            server.closeAllConnections();
        }
        await portal.close();
        process.exit(0);
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    console.log(JSON.stringify({ ready: true, url: origin }));
}

main().catch((error) => {
    console.error(`server.mjs: ${error.message}`);
    process.exit(1);
});
