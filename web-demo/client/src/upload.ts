// SPDX-License-Identifier: Apache-2.0
import { MohrError } from './errors.js';
import { readAheadBytes, uploadMessageBytes } from './limits.js';

/** Anything a page may hand over as content. A string is text and travels as UTF-8. */
export type Content = string | Blob | ArrayBuffer | ArrayBufferView | ReadableStream<Uint8Array>;

/** The number of bytes, where it is known without reading. */
export function contentSize(content: Content): number | undefined {
    if (typeof content === 'string') return new TextEncoder().encode(content).byteLength;
    if (content instanceof Blob) return content.size;
    if (content instanceof ReadableStream) return undefined;
    return content.byteLength;
}

function bytesOf(content: string | ArrayBuffer | ArrayBufferView): Uint8Array {
    if (typeof content === 'string') return new TextEncoder().encode(content);
    if (content instanceof ArrayBuffer) return new Uint8Array(content);
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
}

/** Reads small content whole; the caller has checked the size. */
export async function readSmall(content: Exclude<Content, ReadableStream<Uint8Array>>): Promise<Uint8Array> {
    if (!(content instanceof Blob)) return bytesOf(content);
    try {
        return new Uint8Array(await content.arrayBuffer());
    } catch (cause) {
        throw new MohrError('source_unreadable', 'the file could not be read', {}, cause);
    }
}

async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
    const read = (at: number) => blob.slice(at, Math.min(at + readAheadBytes, blob.size)).arrayBuffer();
    let next = blob.size > 0 ? read(0) : undefined;
    for (let at = 0; next; ) {
        const current: ArrayBuffer = await next;
        at += current.byteLength;
        next = at < blob.size ? read(at) : undefined;
        // The next part is read while this one is sent; a failure is met at its own await.
        next?.catch(() => undefined);
        yield new Uint8Array(current);
    }
}

async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = stream.getReader();
    let exhausted = false;
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                exhausted = true;
                return;
            }
            if (!(value instanceof Uint8Array)) {
                throw new MohrError('source_unreadable', 'the stream gave something that is not bytes');
            }
            yield value;
        }
    } finally {
        if (!exhausted) await reader.cancel().catch(() => undefined);
        reader.releaseLock();
    }
}

/** The content in pieces no larger than one binary message. */
export async function* messagesOf(content: Content): AsyncGenerator<Uint8Array> {
    const chunks =
        content instanceof Blob
            ? readBlob(content)
            : content instanceof ReadableStream
              ? readStream(content)
              : [bytesOf(content)];
    try {
        for await (const chunk of chunks) {
            for (let at = 0; at < chunk.byteLength; at += uploadMessageBytes) {
                yield chunk.subarray(at, at + uploadMessageBytes);
            }
        }
    } catch (cause) {
        if (cause instanceof MohrError) throw cause;
        throw new MohrError('source_unreadable', 'the file could not be read to its end', {}, cause);
    }
}
