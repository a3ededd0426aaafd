// SPDX-License-Identifier: Apache-2.0
import { MohrError } from './errors.js';
import { creditStep, downloadWindow, initialDownloadCredit } from './limits.js';

/** What a download needs of its connection. */
export interface DownloadPort {
    grantCredit(stream: number, bytes: number): void;
    closeStream(stream: number): void;
}

/**
 * The page's end of a stream that the service sends. Credit follows what the reader has taken, so that a slow
 * disk slows the service down and memory stays flat.
 */
export class Download {
    readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly size: number | undefined;
    readonly #id: number;
    readonly #port: DownloadPort;
    #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    #granted = initialDownloadCredit;
    #received = 0;
    #finished = false;
    #onEnd: (gaveUp: boolean) => void = () => undefined;

    constructor(id: number, size: number | undefined, port: DownloadPort) {
        this.#id = id;
        this.#port = port;
        this.size = size;
        this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
            {
                start: (controller) => {
                    this.#controller = controller;
                },
                pull: () => this.#grant(),
                cancel: () => {
                    if (this.#finished) return;
                    this.#finish(true);
                    this.#port.closeStream(this.#id);
                },
            },
            new ByteLengthQueuingStrategy({ highWaterMark: downloadWindow }),
        );
    }

    push(bytes: Uint8Array<ArrayBuffer>): void {
        if (this.#finished) return;
        this.#received += bytes.byteLength;
        if (this.#received > this.#granted || (this.size !== undefined && this.#received > this.size)) {
            this.fail(new MohrError('protocol_violation', 'the service sent more than it was given credit for'));
            this.#port.closeStream(this.#id);
            return;
        }
        this.#controller.enqueue(bytes);
    }

    end(): void {
        if (this.#finished) return;
        if (this.size !== undefined && this.#received !== this.size) {
            this.fail(new MohrError('stream_error', 'the stream ended before its announced size'));
            return;
        }
        this.#finish(false);
        this.#controller.close();
    }

    fail(error: MohrError): void {
        if (this.#finished) return;
        this.#finish(true);
        this.#controller.error(error);
    }

    /** Called once when no more bytes will come; `gaveUp` where that is before the end. */
    set onEnd(listener: (gaveUp: boolean) => void) {
        this.#onEnd = listener;
    }

    #finish(gaveUp: boolean): void {
        this.#finished = true;
        this.#onEnd(gaveUp);
    }

    #grant(): void {
        if (this.#finished) return;
        const underWay = this.#granted - this.#received;
        const room = (this.#controller.desiredSize ?? 0) - underWay;
        if (room < creditStep) return;
        this.#granted += room;
        this.#port.grantCredit(this.#id, room);
    }
}
