// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, atEnd, temporaryDirectory } from './processes.mjs';

const serverFile = fileURLToPath(new URL('../../../web-demo/portal/server.mjs', import.meta.url));

/** The demo portal on a free port. */
export async function startPortal(t, { trust = [], ws, wss, extra = [] } = {}) {
    const directory = await temporaryDirectory(t, 'portal');
    const data = join(directory, 'data');
    await mkdir(data);
    const services = [...(ws ? ['--ws', ws] : []), ...(wss ? ['--wss', wss] : [])];
    const args = [serverFile, '--data', data, ...trust.flatMap((file) => ['--trust', file]), ...services, ...extra];
    const program = new Program(process.execPath, args);
    atEnd(t, () => program.stop());
    const [, url] = await program.said(/^\{"ready":true,"url":"([^"]+)"\}$/m);
    return new PortalClient(url, join(data, 'test-ca/ca.pem'));
}

/** A visitor of the portal that is no browser: it may send whatever headers it likes. */
class PortalClient {
    #cookie;

    constructor(url, caFile) {
        this.url = url;
        this.caFile = caFile;
    }

    send(method, path, { body, headers = {} } = {}) {
        const { port } = new URL(this.url);
        const all = { Host: `localhost:${port}`, Origin: this.url, ...(this.#cookie ? { Cookie: this.#cookie } : {}), ...headers };
        return new Promise((resolve, reject) => {
            const sent = request({ host: '127.0.0.1', port, method, path, headers: all }, async (response) => {
                const parts = [];
                for await (const part of response) parts.push(part);
                const cookie = response.headers['set-cookie']?.[0];
                if (cookie) this.#cookie = cookie.split(';')[0];
                resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString('utf8') });
            });
            sent.on('error', reject);
            sent.end(body);
        });
    }

    async post(path, value = {}, headers = {}) {
        const body = Buffer.isBuffer(value) ? value : JSON.stringify(value);
        const type = Buffer.isBuffer(value) ? 'application/octet-stream' : 'application/json';
        const answer = await this.send('POST', path, {
            body,
            headers: { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers },
        });
        return { status: answer.status, value: JSON.parse(answer.text) };
    }
}
