// SPDX-License-Identifier: Apache-2.0
import type { ResultContent } from './content.js';
import { MohrError } from './errors.js';
import { memoryBytes } from './limits.js';

export type SaveMethod = 'file-system-access' | 'origin-private' | 'memory';

/** Where a result will go. Obtained before the work starts, because browsers ask for a file only right after a click. */
export interface SaveTarget {
    readonly method: SaveMethod;
    readonly fileName: string;
    /** Writes everything and ends when the browser holds the file. */
    write(content: ResultContent, options?: SaveOptions): Promise<{ bytes: number }>;
}

export interface SaveOptions {
    signal?: AbortSignal;
    onProgress?: (written: number, size: number | undefined) => void;
}

type FilePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

// One folder of our own, so that what an earlier visit left behind can be told from the portal's own files.
const folderName = 'mohr-results';
const leftoverAgeMs = 24 * 60 * 60 * 1000;
// The browser copies the file out of the private store after the click; nothing tells when it is done.
const removeAfterMs = 10 * 60 * 1000;

/** Chooses the best way of saving that this browser has; call it from a click. */
export async function chooseSaveTarget(fileName: string): Promise<SaveTarget> {
    const picker = (globalThis as { showSaveFilePicker?: FilePicker }).showSaveFilePicker;
    if (picker && globalThis.isSecureContext) {
        try {
            const handle = await picker.call(globalThis, { suggestedName: fileName });
            return fileTarget('file-system-access', handle.name, handle, () => Promise.resolve());
        } catch (cause) {
            if (cause instanceof DOMException && cause.name === 'AbortError') {
                throw new MohrError('user_cancelled', 'no place to save was chosen', {}, cause);
            }
            // A frame or a policy forbids the dialogue; the next way needs none.
        }
    }
    const file = await privateFile();
    if (file) {
        return fileTarget('origin-private', fileName, file.handle, async () => {
            offer(await file.handle.getFile(), fileName);
            setTimeout(() => void file.remove(), removeAfterMs);
        });
    }
    return memoryTarget(fileName);
}

function fileTarget(
    method: SaveMethod,
    fileName: string,
    handle: FileSystemFileHandle,
    finish: () => Promise<void>,
): SaveTarget {
    return {
        method,
        fileName,
        async write(content, options = {}) {
            // Without keepExistingData the file is replaced only when the writer closes: a failure leaves no half.
            const writer = await handle.createWritable();
            const bytes = await copy(content, writer, options);
            await finish();
            return { bytes };
        },
    };
}

function memoryTarget(fileName: string): SaveTarget {
    return {
        method: 'memory',
        fileName,
        async write(content, options = {}) {
            if (content.size !== undefined && content.size > memoryBytes) {
                await content.discard();
                throw refused();
            }
            const parts: Uint8Array<ArrayBuffer>[] = [];
            let held = 0;
            const sink = new WritableStream<Uint8Array<ArrayBuffer>>({
                write(part) {
                    held += part.byteLength;
                    if (held > memoryBytes) throw refused();
                    parts.push(part);
                },
            });
            const bytes = await copy(content, sink, options);
            offer(new Blob(parts), fileName);
            return { bytes };
        },
    };
}

function refused(): MohrError {
    return new MohrError(
        'cannot_save',
        'this browser offers neither a save dialogue nor private storage to the page, and the result is too large for memory',
        { limit: 'memory', max: memoryBytes },
    );
}

async function copy(
    content: ResultContent,
    sink: WritableStream<Uint8Array<ArrayBuffer>>,
    { signal, onProgress }: SaveOptions,
): Promise<number> {
    let written = 0;
    const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(part, controller) {
            controller.enqueue(part);
            written += part.byteLength;
            onProgress?.(written, content.size);
        },
    });
    try {
        await content
            .stream()
            .pipeThrough(counter)
            .pipeTo(sink, signal ? { signal } : {});
    } catch (cause) {
        if (cause instanceof MohrError) throw cause;
        if (signal?.aborted) throw new MohrError('cancelled', 'saving was cancelled', {}, cause);
        throw new MohrError('cannot_save', 'the browser could not write the file', {}, cause);
    }
    return written;
}

interface PrivateFile {
    handle: FileSystemFileHandle;
    remove(): Promise<void>;
}

async function privateFile(): Promise<PrivateFile | undefined> {
    try {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle(folderName, { create: true });
        await removeLeftovers(folder);
        // Chosen by us: the shown name may hold what a file system refuses.
        const name = `${Date.now()}-${crypto.randomUUID()}`;
        const handle = await folder.getFileHandle(name, { create: true });
        if (typeof handle.createWritable !== 'function') return undefined;
        return { handle, remove: () => folder.removeEntry(name).catch(() => undefined) };
    } catch {
        return undefined;
    }
}

async function removeLeftovers(folder: FileSystemDirectoryHandle): Promise<void> {
    const entries = folder as FileSystemDirectoryHandle & { keys(): AsyncIterable<string> };
    for await (const name of entries.keys()) {
        if (Date.now() - Number(name.split('-', 1)[0]) > leftoverAgeMs) {
            await folder.removeEntry(name).catch(() => undefined);
        }
    }
}

function offer(blob: Blob, fileName: string): void {
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = fileName;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), removeAfterMs);
}
