// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toBase64 } from './base64.js';
import type { Download } from './download.js';
import { MohrError } from './errors.js';
import { memoryBytes } from './limits.js';

/**
 * A result that may be small or gigabytes. Like a `Response`, it can be read once: as bytes, base64, text, a Blob
 * or a stream.
 */
export class ResultContent {
    /** In bytes, where the service knew it beforehand. */
    readonly size: number | undefined;
    readonly #inline: Uint8Array<ArrayBuffer> | undefined;
    readonly #download: Download | undefined;
    #used = false;

    private constructor(inline: Uint8Array<ArrayBuffer> | undefined, download: Download | undefined) {
        this.#inline = inline;
        this.#download = download;
        this.size = inline ? inline.byteLength : download?.size;
    }

    static fromBase64(text: string): ResultContent {
        return new ResultContent(fromBase64(text), undefined);
    }

    static fromDownload(download: Download): ResultContent {
        return new ResultContent(undefined, download);
    }

    /** True where the bytes come over the connection while they are read. */
    get streamed(): boolean {
        return this.#download !== undefined;
    }

    stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
        if (this.#used) throw new TypeError('the content was already read');
        this.#used = true;
        if (this.#download) return this.#download.readable;
        const bytes = this.#inline ?? new Uint8Array(0);
        return new ReadableStream({
            start(controller) {
                if (bytes.byteLength > 0) controller.enqueue(bytes);
                controller.close();
            },
        });
    }

    async blob(type = 'application/octet-stream'): Promise<Blob> {
        if (this.size !== undefined && this.size > memoryBytes) throw tooLarge();
        const parts: Uint8Array<ArrayBuffer>[] = [];
        let size = 0;
        const reader = this.stream().getReader();
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return new Blob(parts, { type });
            size += value.byteLength;
            if (size > memoryBytes) {
                await reader.cancel();
                throw tooLarge();
            }
            parts.push(value);
        }
    }

    async bytes(): Promise<Uint8Array<ArrayBuffer>> {
        if (this.#inline && !this.#used) {
            this.#used = true;
            return this.#inline;
        }
        return new Uint8Array(await (await this.blob()).arrayBuffer());
    }

    async base64(): Promise<string> {
        return toBase64(await this.bytes());
    }

    async text(): Promise<string> {
        return new TextDecoder('utf-8', { fatal: false }).decode(await this.bytes());
    }

    /** Gives the content up: the service stops sending. */
    async discard(): Promise<void> {
        if (!this.#used) await this.stream().cancel();
    }
}

function tooLarge(): MohrError {
    return new MohrError('limit_exceeded', 'the result is too large to be held in memory; save or stream it', {
        limit: 'memory',
        max: memoryBytes,
    });
}
