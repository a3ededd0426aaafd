// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createPlain } from 'node:http';
import { createServer as createTls } from 'node:https';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { atEnd, run, temporaryDirectory } from './processes.mjs';

const clientFolder = fileURLToPath(new URL('../../../web-demo/client/dist/', import.meta.url));
const blankPage = '<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><p>test';

/**
 * A site that serves a blank page and the client. `tls` makes it https under `host`; `headers` are added to its pages;
 * `pages` maps further paths to HTML.
 */
export async function startSite(t, { host = 'localhost', tls, headers = {}, pages = {} } = {}) {
    const answer = async (request, response) => {
        const path = new URL(request.url, 'http://site').pathname;
        try {
            if (path.startsWith('/client/')) {
                const body = await readFile(join(clientFolder, normalize(path.slice('/client'.length))));
                // Frames without an origin import it as well.
                response.writeHead(200, { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' }).end(body);
            } else {
                const page = pages[path] ?? (path === '/' ? blankPage : undefined);
                response.writeHead(page === undefined ? 404 : 200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(page ?? '');
            }
        } catch {
            response.writeHead(404).end();
        }
    };
    const server = tls ? createTls({ key: tls.key, cert: tls.cert }, answer) : createPlain(answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(t, () => {
        server.close();
        server.closeAllConnections();
    });
    const { port } = server.address();
    return { port, origin: `${tls ? 'https' : 'http'}://${host}:${port}` };
}

/** A certificate of a test root for these host names, and the root's file. */
export async function makeTlsIdentity(t, host) {
    const directory = await temporaryDirectory(t, 'tls');
    const at = (name) => join(directory, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'];
    await run('openssl', ['req', '-x509', ...key, '-keyout', at('root.key'), '-out', at('root.pem'), '-subj', '/CN=Test root', '-days', '2',
        '-addext', 'keyUsage=critical,keyCertSign']);
    await writeFile(at('leaf.cnf'), `subjectAltName=DNS:${host}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n`);
    await run('openssl', ['req', '-new', ...key, '-keyout', at('leaf.key'), '-out', at('leaf.csr'), '-subj', `/CN=${host}`]);
    await run('openssl', ['x509', '-req', '-in', at('leaf.csr'), '-CA', at('root.pem'), '-CAkey', at('root.key'), '-set_serial', '2',
        '-days', '2', '-sha256', '-extfile', at('leaf.cnf'), '-out', at('leaf.pem')]);
    return { key: await readFile(at('leaf.key')), cert: await readFile(at('leaf.pem')), rootFile: at('root.pem') };
}
