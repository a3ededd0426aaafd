// SPDX-License-Identifier: Apache-2.0
import { base64Length, toBase64 } from './base64.js';
import type { Connection } from './connection.js';
import { MohrError } from './errors.js';
import { inlineCharacters, inlineCharactersPerMessage, streamBytes, streamsPerConnection } from './limits.js';
import { contentSize, readSmall, type Content } from './upload.js';

export interface ContentDocument {
    /** As the person will read it in the prompt; 1 to 255 characters. */
    name: string;
    mediaType?: string;
    content: Content;
}

/** For signing what the page will not show: needs the `blind` permission of the site. */
export interface DigestDocument {
    name: string;
    /** Base64. */
    digest: string;
}

export type Document = ContentDocument | DigestDocument;

export interface PlannedUpload {
    stream: number;
    content: Content;
    size: number | undefined;
}


/** Decides for each content whether it travels inside the message or as a stream, and opens the streams. */
export class Planner {
    readonly #connection: Connection;
    readonly uploads: PlannedUpload[] = [];
    #inlineLeft = inlineCharactersPerMessage;
    #total: number | undefined = 0;

    constructor(connection: Connection) {
        this.#connection = connection;
    }

    get total(): number | undefined {
        return this.#total;
    }

    /** Gives `{data}` or `{stream}`. */
    async place(content: Content, inlineName: 'data' | 'cms' = 'data'): Promise<Record<string, unknown>> {
        const size = contentSize(content);
        this.#total = size === undefined || this.#total === undefined ? undefined : this.#total + size;
        if (size !== undefined && size > streamBytes) {
            throw new MohrError('limit_exceeded', 'the content is too large', { limit: 'stream', max: streamBytes });
        }
        if (size !== undefined && !(content instanceof ReadableStream)) {
            const characters = base64Length(size);
            if (characters <= inlineCharacters && characters <= this.#inlineLeft) {
                this.#inlineLeft -= characters;
                return { [inlineName]: toBase64(await readSmall(content)) };
            }
        }
        if (this.uploads.length === streamsPerConnection) {
            throw new MohrError('limit_exceeded', 'the documents are too many for their size', {
                limit: 'streams',
                max: streamsPerConnection,
            });
        }
        const stream = await this.#connection.openUpload(size);
        this.uploads.push({ stream, content, size });
        return { stream };
    }

    async document(document: Document): Promise<Record<string, unknown>> {
        const { name } = document;
        if ('digest' in document) return { name, digest: document.digest };
        const mediaType = document.mediaType ?? (document.content instanceof Blob ? document.content.type : '');
        return { name, ...(mediaType === '' ? {} : { mediaType }), ...(await this.place(document.content)) };
    }
}
