// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';

const cookieName = 'mohr-demo-session';
const lifeMs = 60 * 60 * 1000;
const sessionsAtOnce = 500;
const filesPerSession = 4;
const fileLifeMs = 10 * 60 * 1000;

/** Visitors and what they have left with us. Ids come from us alone and change at login. */
export class Sessions {
    #sessions = new Map();

    find(request) {
        const cookies = (request.headers.cookie ?? '').split(/;\s*/);
        const id = cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
        const session = id === undefined ? undefined : this.#sessions.get(id);
        if (session && session.expires > Date.now()) return session;
        if (session) this.end(session);
        return undefined;
    }

    start(response) {
        for (const session of this.#sessions.values()) {
            if (session.expires < Date.now() || this.#sessions.size >= sessionsAtOnce) this.end(session);
        }
        const session = {
            id: randomBytes(32).toString('hex'),
            expires: Date.now() + lifeMs,
            signer: undefined,
            files: new Map(),
        };
        this.#sessions.set(session.id, session);
        response.setHeader('Set-Cookie', `${cookieName}=${session.id}; Path=/; HttpOnly; SameSite=Strict`);
        return session;
    }

    end(session) {
        this.#sessions.delete(session.id);
        for (const file of session.files.values()) void rm(file.path, { force: true });
    }

    async keepFile(session, file) {
        for (const [id, { path, expires }] of session.files) {
            if (expires > Date.now() && session.files.size < filesPerSession) continue;
            session.files.delete(id);
            await rm(path, { force: true });
        }
        const id = randomBytes(16).toString('hex');
        session.files.set(id, { ...file, expires: Date.now() + fileLifeMs });
        return id;
    }

    /** The file, which is then the caller's to remove. */
    takeFile(session, id) {
        const file = session.files.get(id);
        session.files.delete(id);
        return file;
    }

    endAll() {
        for (const session of [...this.#sessions.values()]) this.end(session);
    }
}
