// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export class HttpError extends Error {
    constructor(status, code, message) {
        super(message);
        this.status = status;
        this.code = code;
    }
}

const types = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
};

/** The headers of every answer. The page may run our scripts and reach us and the signing service, nothing else. */
export function securityHeaders(serviceUrls) {
    const services = serviceUrls.map((url) => new URL(url).origin).join(' ');
    return {
        'Content-Security-Policy':
            `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; ` +
            `connect-src 'self' ${services}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ` +
            `require-trusted-types-for 'script'`,
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'Cache-Control': 'no-store',
    };
}

export async function serveFile(response, root, path) {
    const file = join(root, normalize(`/${path}`));
    const type = types[extname(file)];
    const found = type && (await stat(file).then((entry) => entry.isFile(), () => false));
    if (!found) throw new HttpError(404, 'not_found', 'there is no such page');
    response.writeHead(200, { 'Content-Type': type });
    response.end(await readFile(file));
}

export function sendJson(response, status, value) {
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(value));
}

export async function readBody(request, limit) {
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > limit) throw new HttpError(413, 'limit_exceeded', `at most ${limit} bytes`);
    const parts = [];
    let size = 0;
    for await (const part of request) {
        size += part.length;
        if (size > limit) throw new HttpError(413, 'limit_exceeded', `at most ${limit} bytes`);
        parts.push(part);
    }
    return Buffer.concat(parts);
}

export async function readJson(request, limit) {
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
        throw new HttpError(415, 'media_type', 'send application/json');
    }
    try {
        const value = JSON.parse((await readBody(request, limit)).toString('utf8'));
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch (error) {
        if (error instanceof HttpError) throw error;
    }
    throw new HttpError(400, 'invalid_request', 'the body is not a JSON object');
}

/** A member that must be base64, decoded; the limit is in bytes. */
export function base64Member(object, name, limit) {
    const text = object[name];
    const valid =
        typeof text === 'string' && text.length <= Math.ceil(limit / 3) * 4 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    if (!valid) throw new HttpError(400, 'invalid_request', `${name} must be base64`);
    return Buffer.from(text, 'base64');
}

/** Writes a body to a file as it comes, with its SHA-256 on the way; a body that is too long leaves nothing behind. */
export async function spool(request, directory, limit) {
    const path = join(directory, randomBytes(16).toString('hex'));
    const hash = createHash('sha256');
    let size = 0;
    const meter = new Transform({
        transform(part, _encoding, done) {
            size += part.length;
            if (size > limit) return done(new HttpError(413, 'limit_exceeded', `at most ${limit} bytes`));
            hash.update(part);
            done(null, part);
        },
    });
    try {
        await pipeline(request, meter, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
        await rm(path, { force: true });
        throw error;
    }
    return { path, size, sha256: hash.digest('hex') };
}
