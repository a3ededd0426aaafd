// SPDX-License-Identifier: Apache-2.0
// The client against a service that does what the test wants, the bad things too. No browser, no daemon.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import WebSocket from 'ws';
import { FakeService, failure } from './support/fake_service.mjs';
import { eventually } from './support/processes.mjs';
import { Mohr, MohrError, chooseSaveTarget, fromBase64, toBase64 } from '../../web-demo/client/dist/index.js';

const KiB = 1024;
const MiB = 1024 * KiB;

function clientOf(t, service, options = {}) {
    const mohr = new Mohr({ ws: service.url, transport: 'ws', WebSocket, retryIntervalMs: 30, ...options });
    t.after(() => mohr.close());
    return mohr;
}

const rejectsWith = (promise, code) =>
    assert.rejects(promise, (error) => {
        assert.ok(error instanceof MohrError, String(error));
        assert.equal(error.code, code);
        return true;
    });

test('small content travels inside the message and comes back byte for byte [R186]', async (t) => {
    const content = randomBytes(1000);
    let seen;
    const service = await FakeService.start(t, {
        'sign.cms': ({ document }) => {
            seen = document;
            return { cms: toBase64(randomBytes(10)), certificate: {} };
        },
    });
    await clientOf(t, service).signCms({ document: { name: 'a', mediaType: 'text/plain', content } });
    assert.deepEqual(seen, { name: 'a', mediaType: 'text/plain', data: content.toString('base64') });
});

test('large content is streamed in messages of 256 KiB and never beyond the credit [R192]', async (t) => {
    const content = randomBytes(5 * MiB + 17);
    const credit = 1 * MiB;
    let taken = 0;
    let granted = credit;
    let beyond = false;
    const sizes = new Set();
    const service = await FakeService.start(t, {
        'stream.open': ({ size }) => {
            assert.equal(size, content.length);
            return { stream: 3, credit };
        },
        'sign.cms': async () => {
            await eventually('all bytes', () => taken === content.length);
            return { cms: 'AAAA', certificate: {} };
        },
    });
    service.onBytes = (stream, bytes) => {
        taken += bytes;
        sizes.add(bytes);
        beyond ||= taken > granted;
        // Credit comes late and in odd portions, as from a slow disk.
        setTimeout(() => {
            granted += bytes;
            service.connections[0].send(JSON.stringify({ jsonrpc: '2.0', method: 'stream.credit', params: { stream, bytes } }));
        }, 2);
    };
    const progress = [];
    const onProgress = ({ done, total }) => progress.push([done, total]);
    await clientOf(t, service).signCms({ document: { name: 'a', content: new Blob([content]) } }, { onProgress });
    assert.equal(beyond, false);
    assert.ok(service.bytesOf(3).equals(content));
    assert.ok(Math.max(...sizes) <= 256 * KiB);
    assert.deepEqual(progress.at(-1), [content.length, content.length]);
});

test('a stream of unknown size is sent to its end [R192]', async (t) => {
    const parts = [randomBytes(300 * KiB), randomBytes(5), randomBytes(MiB)];
    let announced = 'nothing';
    let closed;
    const whenClosed = new Promise((resolve) => (closed = resolve));
    const service = await FakeService.start(t, {
        'stream.open': (params) => {
            announced = params.size;
            return { stream: 1, credit: 8 * MiB };
        },
        'stream.close': () => {
            closed();
            return { size: 0 };
        },
        'sign.raw': async () => {
            await whenClosed;
            return { signature: 'AA==', algorithm: 'ECDSA-SHA-256', certificate: {} };
        },
    });
    const content = new ReadableStream({
        pull(controller) {
            const part = parts.shift();
            if (part) controller.enqueue(new Uint8Array(part));
            else controller.close();
        },
    });
    const whole = Buffer.concat(parts);
    await clientOf(t, service).signRaw({ document: { name: 'a', content } });
    assert.equal(announced, undefined);
    assert.ok(service.bytesOf(1).equals(whole));
});

test('a source that fails ends the call and tells why', async (t) => {
    const service = await FakeService.start(t, { 'stream.open': () => ({ stream: 1, credit: MiB }), 'sign.cms': () => new Promise(() => undefined) });
    service.onNotification = ({ method, params }, link) => {
        if (method !== '$/cancel') return;
        link.socket.send(JSON.stringify({ jsonrpc: '2.0', id: params.id, error: failure('cancelled') }));
    };
    const content = new ReadableStream({
        start(controller) {
            controller.error(new Error('disk gone'));
        },
    });
    const call = clientOf(t, service).signCms({ document: { name: 'a', content } });
    await rejectsWith(call, 'source_unreadable');
    assert.ok(service.notifications.some(({ method }) => method === '$/cancel'));
});

test('an abort cancels the request at the service and the reply decides [R188]', async (t) => {
    let answer;
    const service = await FakeService.start(t, { 'certificates.select': () => new Promise((_resolve, reject) => (answer = reject)) });
    service.onNotification = ({ method }) => method === '$/cancel' && answer(failure('cancelled'));
    const stop = new AbortController();
    const call = clientOf(t, service).selectCertificate('sign', { signal: stop.signal });
    await eventually('the request', () => service.requests.some(({ method }) => method === 'certificates.select'));
    stop.abort();
    await rejectsWith(call, 'cancelled');
    const { id } = service.requests.find(({ method }) => method === 'certificates.select');
    assert.deepEqual(service.notifications.map(({ params }) => params), [{ id }]);
});

test('a signature that was made before the abort arrived is not lost', async (t) => {
    let finish;
    const service = await FakeService.start(t, { 'sign.raw': () => new Promise((resolve) => (finish = resolve)) });
    service.onNotification = () => finish({ signature: 'AA==', algorithm: 'ECDSA-SHA-256', certificate: {} });
    const stop = new AbortController();
    const call = clientOf(t, service).signRaw({ document: { name: 'a', content: 'x' } }, { signal: stop.signal });
    await eventually('the request', () => finish);
    stop.abort();
    assert.equal((await call).signature, 'AA==');
});

test('a call with an aborted signal sends nothing', async (t) => {
    const service = await FakeService.start(t, { 'sign.raw': () => ({}) });
    const mohr = clientOf(t, service);
    await mohr.connect();
    await rejectsWith(mohr.signRaw({ document: { name: 'a', content: 'x' } }, { signal: AbortSignal.abort() }), 'cancelled');
    assert.ok(!service.requests.some(({ method }) => method === 'sign.raw'));
});

test('errors carry their stable code, tries and correlation id [R186]', async (t) => {
    const service = await FakeService.start(t, {
        'certificates.list': () => {
            throw failure('pin_wrong', { triesLeft: 2 });
        },
    });
    await assert.rejects(clientOf(t, service).listCertificates(), (error) => {
        assert.equal(error.code, 'pin_wrong');
        assert.deepEqual(error.details, { triesLeft: 2, id: 'abc' });
        return true;
    });
});

test('a download gives credit as it is read and holds to its size [R192]', async (t) => {
    const content = randomBytes(20 * MiB);
    let granted = MiB;
    let sent = 0;
    const service = await FakeService.start(t, {
        'decrypt.cms': (_params, link) => {
            const pump = () => {
                while (sent < content.length && sent + 256 * KiB <= granted) {
                    link.sendBytes(9, content.subarray(sent, sent + 256 * KiB));
                    sent += 256 * KiB;
                }
                if (sent === content.length) link.notify('stream.end', { stream: 9 });
            };
            service.onNotification = ({ method, params }) => {
                if (method !== 'stream.credit') return;
                granted += params.bytes;
                pump();
            };
            setImmediate(pump);
            return { stream: 9, size: content.length, authenticated: true };
        },
    });
    const { data, authenticated } = await clientOf(t, service).decryptCms({ cms: 'AAAA' });
    assert.equal(authenticated, true);
    const reader = data.stream().getReader();
    const parts = [(await reader.read()).value];
    // Nobody reads for a while: the service must stop at the window.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(granted <= 6 * MiB, `${granted} granted while nobody reads`);
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
    }
    assert.ok(Buffer.concat(parts).equals(content));
});

test('results of a batch too long for one message come by stream and read like any others [R188] [R192]', async (t) => {
    const results = Array.from({ length: 500 }, (_value, at) => ({ id: `${at}`, cms: toBase64(randomBytes(1500)) }));
    let text = Buffer.from(JSON.stringify(results));
    const service = await FakeService.start(t, {
        'sign.batch': (_params, link) => {
            setImmediate(() => {
                for (let at = 0; at < text.length; at += 256 * KiB) link.sendBytes(4, text.subarray(at, at + 256 * KiB));
                link.notify('stream.end', { stream: 4 });
            });
            return { stream: 4, size: text.length, certificate: { handle: 'h' }, algorithm: 'ECDSA-SHA-256' };
        },
    });
    const mohr = clientOf(t, service);
    const sign = () => mohr.signBatch({ format: 'cms', items: [{ id: '0', document: { name: 'a', content: 'x' } }] });
    assert.deepEqual(await sign(), { results, certificate: { handle: 'h' }, algorithm: 'ECDSA-SHA-256' });
    for (const bad of ['{"results":[]}', '[1,']) {
        text = Buffer.from(bad);
        await rejectsWith(sign(), 'protocol_violation');
    }
});

test('a download that ends early is an error and not a short file [R192]', async (t) => {
    const service = await FakeService.start(t, {
        'decrypt.cms': (_params, link) => {
            setImmediate(() => {
                link.sendBytes(2, Buffer.alloc(10));
                link.notify('stream.end', { stream: 2 });
            });
            return { stream: 2, size: 11, authenticated: true };
        },
    });
    const { data } = await clientOf(t, service).decryptCms({ cms: 'AAAA' });
    await rejectsWith(data.bytes(), 'stream_error');
});

test('a service that sends beyond its credit is not believed', async (t) => {
    const service = await FakeService.start(t, {
        'decrypt.cms': (_params, link) => {
            setImmediate(() => {
                for (let at = 0; at < 40; ++at) link.sendBytes(2, Buffer.alloc(256 * KiB));
            });
            return { stream: 2, authenticated: true };
        },
    });
    const { data } = await clientOf(t, service).decryptCms({ cms: 'AAAA' });
    await eventually('the client to refuse', () => service.requests.some(({ method }) => method === 'stream.close'));
    await rejectsWith(data.bytes(), 'protocol_violation');
});

test('a lost connection fails what was under way and comes back by itself', async (t) => {
    const service = await FakeService.start(t, { 'sign.raw': () => new Promise(() => undefined) });
    const mohr = clientOf(t, service);
    const call = mohr.signRaw({ document: { name: 'a', content: 'x' } });
    await eventually('the request', () => service.requests.some(({ method }) => method === 'sign.raw'));
    const states = [];
    mohr.on('state', ({ name }) => states.push(name));
    service.connections[0].terminate();
    await rejectsWith(call, 'connection_lost');
    await eventually('the connection', () => mohr.state.name === 'open');
    assert.deepEqual(states, ['waiting', 'connecting', 'open']);
    assert.equal(service.requests.filter(({ method }) => method === 'sign.raw').length, 1, 'a request is never repeated');
});

test('the client gives up after the last attempt and tries again when asked', async (t) => {
    const service = await FakeService.start(t);
    const mohr = clientOf(t, service, { retryAttempts: 3, retryIntervalMs: 5 });
    await mohr.connect();
    const { port } = service;
    let attempts = 0;
    mohr.on('state', ({ name }) => (attempts += name === 'connecting' ? 1 : 0));
    await service.stop();
    await eventually('it to give up', () => mohr.state.name === 'gave-up');
    assert.equal(attempts, 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(attempts, 3, 'no attempt after giving up');
    await rejectsWith(mohr.connect(), 'not_connected');
    const again = await FakeService.start(t, {}, port);
    await mohr.connect();
    assert.equal(again.connections.length, 1);
});

test('calls that start together share one connection and one question for access [R187]', async (t) => {
    const service = await FakeService.start(t, {
        'service.requestAccess': () => ({ access: 'granted' }),
        'certificates.list': () => ({ certificates: [] }),
    });
    service.info = { ...service.info, access: 'undecided' };
    const mohr = clientOf(t, service);
    await Promise.all([mohr.listCertificates(), mohr.listCertificates(), mohr.listCertificates()]);
    assert.equal(service.connections.length, 1);
    assert.equal(service.requests.filter(({ method }) => method === 'service.requestAccess').length, 1);
});

test('notifications reach the page and a listener that throws does not stop the others', async (t) => {
    const service = await FakeService.start(t);
    const mohr = clientOf(t, service);
    await mohr.connect();
    const heard = [];
    const stop = mohr.on('token.changed', () => heard.push('token'));
    const send = (method, params) => service.connections[0].send(JSON.stringify({ jsonrpc: '2.0', method, params }));
    send('token.changed', {});
    await eventually('the notification', () => heard.length === 1);
    stop();
    send('token.changed', {});
    send('access.changed', { access: 'denied' });
    await eventually('the access', () => mohr.state.info.access === 'denied');
    assert.equal(heard.length, 1);
});

test('the diagnosis tells not running, blocked for this site, outdated and ready apart', async (t) => {
    const service = await FakeService.start(t);
    const of = async (options) => (await clientOf(t, service).diagnose(options)).state;
    assert.equal(await of({}), 'ready');
    assert.equal(await of({ minimumVersion: '0.2.0' }), 'outdated');
    service.info = { ...service.info, access: 'denied' };
    assert.equal(await of({}), 'blocked-for-this-site');
    service.info = { ...service.info, access: 'silenced' };
    assert.equal(await of({}), 'blocked-for-this-site');
    service.info = { ...service.info, access: 'granted', protocol: 'mohr.v0' };
    assert.equal(await of({}), 'outdated');
    await service.stop();
    const diagnosis = await clientOf(t, service, { reconnect: false }).diagnose();
    assert.equal(diagnosis.state, 'not-running');
    assert.match(diagnosis.remedy.fa.text, /mohr start/);
    assert.match(diagnosis.remedy.en.text, /mohr start/);
});

test('a result too large for every way of saving is refused with the reason and the service stops [R192]', async (t) => {
    const service = await FakeService.start(t, { 'decrypt.cms': () => ({ stream: 4, size: 600 * MiB, authenticated: true }) });
    const { data } = await clientOf(t, service).decryptCms({ cms: 'AAAA' });
    // Node has neither a save dialogue nor a private file system: what is left is memory.
    const target = await chooseSaveTarget('film.bin');
    assert.equal(target.method, 'memory');
    await assert.rejects(target.write(data), (error) => {
        assert.equal(error.code, 'cannot_save');
        assert.equal(error.details.max, 512 * MiB);
        return true;
    });
    await eventually('the stream to be closed', () => service.requests.some(({ method, params }) => method === 'stream.close' && params.stream === 4));
});

test('base64 goes both ways for every length and refuses what is not base64', () => {
    for (const length of [0, 1, 2, 3, 100_000]) {
        const bytes = randomBytes(length);
        assert.equal(toBase64(bytes), bytes.toString('base64'));
        assert.ok(Buffer.from(fromBase64(bytes.toString('base64'))).equals(bytes));
    }
    assert.throws(() => fromBase64('*'), (error) => error.code === 'malformed_data');
});
