// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createPlain } from 'node:http';
import { createServer as createTls } from 'node:https';
import { join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { atEnd, run, temporaryDirectory } from './processes.mjs';

// What pages may load as scripts: the client for portals, and the legacy client of the tests.
const scriptFolders = {
    '/client/': fileURLToPath(new URL('../../../web-demo/client/dist/', import.meta.url)),
    '/dastine/': fileURLToPath(new URL('./dastine/', import.meta.url)),
};
const blankPage = '<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><p>test';

/**
 * A site that serves a blank page and the client. `tls` makes it https under `host`; `headers` are added to its pages;
 * `pages` maps further paths to HTML; `services` maps a path to what answers JSON that is posted there.
 */
export async function startSite(t, { host = 'localhost', tls, headers = {}, pages = {}, services = {} } = {}) {
    const answer = async (request, response) => {
        const path = new URL(request.url, 'http://site').pathname;
        const folder = Object.keys(scriptFolders).find((prefix) => path.startsWith(prefix));
        try {
            if (request.method === 'POST') {
                const reply = await services[path](JSON.parse(await text(request)));
                response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply));
            } else if (folder) {
                const body = await readFile(join(scriptFolders[folder], normalize(path.slice(folder.length - 1))));
                // Frames without an origin import it as well.
                response.writeHead(200, { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' }).end(body);
            } else {
                const page = pages[path] ?? (path === '/' ? blankPage : undefined);
                response.writeHead(page === undefined ? 404 : 200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(page ?? '');
            }
        } catch (error) {
            // A service that fails must show in the test's output, not only as a page that waits.
            response.writeHead(404).end(String(error?.stack ?? error));
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
