// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEnvelope, verifyDetached } from './cms.mjs';
import { HttpError, base64Member, readBody, readJson, securityHeaders, sendJson, serveFile, spool } from './http.mjs';
import { LegacyDesk } from './legacy.mjs';
import { Challenges, checkLogin } from './login.mjs';
import { Sessions } from './sessions.mjs';
import { RequestRefused, TestCa } from './test-ca.mjs';

const KiB = 1024;
const MiB = 1024 * KiB;
const limits = {
    loginBody: 128 * KiB,
    cms: 1 * MiB,
    inlineContent: 256 * KiB,
    batchBody: 8 * MiB,
    batchItems: 500,
    envelope: 64 * MiB,
    request: 16 * KiB,
    legacyBody: 256 * KiB,
    preview: 4 * KiB,
    chain: 8,
};

const publicFolder = fileURLToPath(new URL('../public/', import.meta.url));
const clientFolder = fileURLToPath(new URL('../../client/dist/', import.meta.url));

/** The portal without its listener: give it requests. */
export class Portal {
    #settings;
    #ca;
    #identity;
    #trustFile;
    #spoolFolder;
    #sessions = new Sessions();
    #challenges = new Challenges();
    #legacy;
    #headers;
    #routes;

    /** settings: origin, dataFolder, trustFiles, services {ws, wss}, uploadLimit */
    constructor(settings) {
        this.#settings = settings;
        this.#ca = new TestCa(join(settings.dataFolder, 'test-ca'));
        this.#trustFile = join(settings.dataFolder, 'trust.pem');
        this.#spoolFolder = join(settings.dataFolder, 'spool');
        this.#legacy = new LegacyDesk((cms, content) => this.#verifyBytes(cms, content), this.#trustFile);
        this.#headers = securityHeaders(Object.values(settings.services).filter((url) => url !== undefined));
        this.#routes = {
            'GET /config.json': async () => ({ ...settings.services, origin: settings.origin }),
            'GET /api/session': async (visit) => ({ signer: visit.session?.signer ?? null }),
            'POST /api/logout': (visit) => this.#logout(visit),
            'POST /api/challenge': (visit) => this.#challenge(visit),
            'POST /api/login': (visit) => this.#login(visit),
            'POST /api/content': (visit) => this.#content(visit),
            'POST /api/verify': (visit) => this.#verify(visit),
            'POST /api/verify-batch': (visit) => this.#verifyBatch(visit),
            'GET /api/recipient': async () => ({ certificate: this.#identity.der.toString('base64') }),
            'POST /api/open': (visit) => this.#open(visit),
            'POST /api/ca/issue': (visit) => this.#issue(visit),
            ...this.#legacyRoutes(),
        };
    }

    #legacyRoutes() {
        const desk = this.#legacy;
        const withBody = (act) => async (visit) => act(await readJson(visit.request, limits.legacyBody), visit);
        return {
            'GET /api/legacy/contract': async () => desk.contract(),
            'POST /api/legacy/contract': withBody((body) => desk.signed(body)),
            'POST /api/legacy/prepare': withBody((body) => desk.prepare(body)),
            'POST /api/legacy/finish': withBody((body) => desk.finish(body)),
            'POST /api/legacy/validate': withBody((body) => desk.validate(body)),
            'POST /api/legacy/login': withBody((body, visit) => desk.login(body, this.#challenges.take(body.challenge, visit.session?.id))),
            'POST /api/legacy/seal': withBody((body) => desk.seal(body)),
            'POST /api/legacy/opened': withBody((body) => desk.opened(body)),
        };
    }

    async open() {
        const { dataFolder, trustFiles } = this.#settings;
        await mkdir(dataFolder, { recursive: true, mode: 0o700 });
        await rm(this.#spoolFolder, { recursive: true, force: true });
        await mkdir(this.#spoolFolder, { mode: 0o700 });
        await this.#ca.open();
        this.#identity = await this.#ca.portalIdentity();
        const anchors = await Promise.all([this.#ca.certificateFile, ...trustFiles].map((file) => readFile(file, 'utf8')));
        await writeFile(this.#trustFile, anchors.join('\n'), { mode: 0o600 });
    }

    async close() {
        this.#sessions.endAll();
        await rm(this.#spoolFolder, { recursive: true, force: true });
    }

    async handle(request, response) {
        for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
        try {
            await this.#dispatch(request, response);
        } catch (error) {
            this.#answerError(response, error);
        }
    }

    async #dispatch(request, response) {
        // A page of another host that resolves to this machine would otherwise be served as if it were ours.
        if (request.headers.host !== new URL(this.#settings.origin).host) {
            throw new HttpError(421, 'wrong_host', `this portal is ${this.#settings.origin}`);
        }
        const path = new URL(request.url, this.#settings.origin).pathname;
        const route = this.#routes[`${request.method} ${path}`];
        if (route) {
            if (request.method === 'POST' && request.headers.origin !== this.#settings.origin) {
                throw new HttpError(403, 'foreign_origin', 'the request comes from another site');
            }
            const visit = { request, response, session: this.#sessions.find(request) };
            sendJson(response, 200, await route(visit));
            return;
        }
        if (request.method !== 'GET') throw new HttpError(404, 'not_found', 'there is no such service');
        if (path.startsWith('/client/')) await serveFile(response, clientFolder, path.slice('/client/'.length));
        else await serveFile(response, publicFolder, path === '/' ? 'index.html' : path);
    }

    #answerError(response, error) {
        if (response.headersSent) {
            response.destroy();
        } else if (error instanceof HttpError) {
            // What is left of a body that was refused is not read, so the connection cannot serve again.
            response.setHeader('Connection', 'close');
            sendJson(response, error.status, { error: { code: error.code, message: error.message } });
        } else {
            const id = randomBytes(4).toString('hex');
            console.error(`portal: ${id}: ${error?.stack ?? error}`);
            sendJson(response, 500, { error: { code: 'internal_error', message: `see the log, ${id}` } });
        }
    }

    async #challenge(visit) {
        const session = visit.session ?? this.#sessions.start(visit.response);
        return { challenge: this.#challenges.issue(session.id) };
    }

    async #login(visit) {
        const body = await readJson(visit.request, limits.loginBody);
        base64Member(body, 'certificate', 16 * KiB);
        base64Member(body, 'signature', 2 * KiB);
        base64Member(body, 'challenge', 512);
        const chain = body.chain;
        if (!Array.isArray(chain) || chain.length > limits.chain || typeof body.algorithm !== 'string') {
            throw new HttpError(400, 'invalid_request', 'chain or algorithm is missing');
        }
        chain.forEach((_item, index) => base64Member(chain, index, 16 * KiB));
        const challengeFresh = this.#challenges.take(body.challenge, visit.session?.id);
        const verdict = await checkLogin({
            origin: this.#settings.origin,
            trustFile: this.#trustFile,
            challengeFresh,
            request: body,
        }).catch(() => {
            throw new HttpError(400, 'malformed_data', 'the certificate cannot be read');
        });
        if (verdict.valid) {
            // A new id, so that one planted before the login is worth nothing after it.
            this.#sessions.end(visit.session);
            this.#sessions.start(visit.response).signer = verdict.signer;
        }
        return verdict;
    }

    async #logout(visit) {
        if (visit.session) this.#sessions.end(visit.session);
        return {};
    }

    async #content(visit) {
        const { uploadLimit } = this.#settings;
        const declared = Number(visit.request.headers['content-length'] ?? NaN);
        if (!Number.isFinite(declared)) throw new HttpError(411, 'length_required', 'Content-Length is missing');
        const space = await statfs(this.#spoolFolder);
        if (declared > uploadLimit || declared > (space.bavail * space.bsize) / 2) {
            throw new HttpError(413, 'limit_exceeded', `at most ${uploadLimit} bytes, and only if the disk has room`);
        }
        const session = visit.session ?? this.#sessions.start(visit.response);
        const file = await spool(visit.request, this.#spoolFolder, uploadLimit);
        return { id: await this.#sessions.keepFile(session, file), size: file.size, sha256: file.sha256 };
    }

    /** `{cms, content}` for a text, or `{cms, contentId}` for a file that was sent before. */
    async #verify(visit) {
        const body = await readJson(visit.request, limits.cms * 2);
        const cms = base64Member(body, 'cms', limits.cms);
        if (body.contentId === undefined) {
            return this.#verifyBytes(cms, base64Member(body, 'content', limits.inlineContent));
        }
        const file = visit.session && this.#sessions.takeFile(visit.session, body.contentId);
        if (!file) throw new HttpError(404, 'not_found', 'there is no such content');
        try {
            const verdict = await verifyDetached({ trustFile: this.#trustFile, cms, contentFile: file.path });
            return { ...verdict, size: file.size, sha256: file.sha256 };
        } finally {
            await rm(file.path, { force: true });
        }
    }

    async #verifyBatch(visit) {
        const body = await readJson(visit.request, limits.batchBody);
        const items = body.items;
        if (!Array.isArray(items) || items.length < 1 || items.length > limits.batchItems) {
            throw new HttpError(400, 'invalid_request', `items: 1 to ${limits.batchItems}`);
        }
        const read = items.map((item) => ({
            id: String(item.id),
            cms: base64Member(item, 'cms', limits.cms),
            content: base64Member(item, 'content', limits.inlineContent),
        }));
        const verdicts = await Promise.all(
            read.map(async ({ id, cms, content }) => ({ id, ...(await this.#verifyBytes(cms, content)) })),
        );
        return { valid: verdicts.every((verdict) => verdict.valid), verdicts };
    }

    async #verifyBytes(cms, content) {
        const contentFile = join(this.#spoolFolder, randomBytes(16).toString('hex'));
        await writeFile(contentFile, content, { flag: 'wx', mode: 0o600 });
        try {
            const verdict = await verifyDetached({ trustFile: this.#trustFile, cms, contentFile });
            return { ...verdict, size: content.length };
        } finally {
            await rm(contentFile, { force: true });
        }
    }

    async #open(visit) {
        const cms = await readBody(visit.request, limits.envelope);
        const { certificateFile, keyFile } = this.#identity;
        return openEnvelope({ cms, certificateFile, keyFile, outputLimit: limits.preview });
    }

    async #issue(visit) {
        const body = await readJson(visit.request, limits.request * 2);
        const request = base64Member(body, 'request', limits.request);
        try {
            const certificate = await this.#ca.issue(request);
            const issuer = await this.#ca.certificate();
            return { certificate: certificate.toString('base64'), chain: [issuer.toString('base64')] };
        } catch (error) {
            if (error instanceof RequestRefused) throw new HttpError(422, 'request_refused', error.message);
            throw error;
        }
    }
}
