// SPDX-License-Identifier: Apache-2.0
import type { CallResult, Connection } from './connection.js';
import { ResultContent } from './content.js';
import { diagnose, type DiagnoseOptions, type Diagnosis } from './diagnose.js';
import { Planner, type ContentDocument, type Document } from './documents.js';
import { MohrError } from './errors.js';
import { batchItems } from './limits.js';
import { Link, defaultSettings, type LinkEvents, type LinkSettings, type LinkState } from './link.js';
import type {
    Access,
    Authentication,
    BatchResult,
    Certificate,
    DigestAlgorithm,
    GeneratedKey,
    KeyAlgorithm,
    Purpose,
    RawSignature,
    ServiceInfo,
    SignatureAlgorithm,
    Verification,
} from './protocol.js';
import type { Content } from './upload.js';

export interface MohrOptions extends Partial<LinkSettings> {
    /** Ask the person for access to this site before the first call that needs it. Default: true. */
    requestAccess?: boolean;
}

export interface Progress {
    /** `upload`: bytes that left the page; `service`: bytes that the service has worked through. */
    phase: 'upload' | 'service';
    done: number;
    total: number | undefined;
}

export interface RequestOptions {
    signal?: AbortSignal;
    onProgress?: (progress: Progress) => void;
    /** The person's prompt waits for another one, or is on the screen. */
    onConsent?: (state: 'queued' | 'shown') => void;
}

/** A certificate as a result gave it, or its handle. */
export type CertificateChoice = Certificate | string;

interface SigningChoice {
    /** Left out: the person picks one in the prompt. */
    certificate?: CertificateChoice;
}

type Build = (planner: Planner) => Promise<Record<string, unknown>>;

/** The client of a portal page: one for each page, kept as long as the page is. */
export class Mohr {
    readonly #link: Link;
    readonly #requestAccess: boolean;
    #asking: Promise<Access> | undefined;

    constructor(options: MohrOptions = {}) {
        const { requestAccess = true, ...settings } = options;
        this.#requestAccess = requestAccess;
        this.#link = new Link({ ...defaultSettings(), ...settings });
    }

    /** Listens; the result takes the listener away. */
    on<Name extends keyof LinkEvents>(name: Name, listener: (event: LinkEvents[Name]) => void): () => void {
        return this.#link.on(name, listener);
    }

    get state(): LinkState {
        return this.#link.state;
    }

    /** Opens the connection. Call it from a click where the browser may ask its user. */
    async connect(signal?: AbortSignal): Promise<ServiceInfo> {
        await this.#link.connect(signal);
        return this.info(signal);
    }

    close(): void {
        this.#link.close();
    }

    /** Tells why the service can or cannot be used, with a remedy for the person. */
    diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
        return diagnose(this.#link, options);
    }

    async info(signal?: AbortSignal): Promise<ServiceInfo> {
        const connection = await this.#link.connect(signal);
        return (await connection.call('service.info', {}, { signal })).value as unknown as ServiceInfo;
    }

    /** Asks the person, once, whether this site may use the service. */
    async requestAccess(options: RequestOptions = {}): Promise<Access> {
        const connection = await this.#link.connect(options.signal);
        const { value } = await connection.call('service.requestAccess', {}, consentOf(options));
        const access = value['access'] as Access;
        if (this.#link.state.name === 'open') this.#link.state.info.access = access;
        return access;
    }

    /** The person picks a certificate; the page sees only that one. */
    async selectCertificate(purpose: Purpose, options: RequestOptions = {}): Promise<Certificate> {
        const { value } = await this.#request('certificates.select', async () => ({ purpose }), options);
        return value['certificate'] as Certificate;
    }

    /** Every certificate; the person is asked whether this site may see them. */
    async listCertificates(options: RequestOptions = {}): Promise<Certificate[]> {
        const { value } = await this.#request('certificates.list', async () => ({}), options);
        return value['certificates'] as Certificate[];
    }

    /** Signs the server's challenge (base64, 32 to 512 bytes) together with this page's origin. */
    async authenticate(
        params: { challenge: string; algorithm?: SignatureAlgorithm } & SigningChoice,
        options: RequestOptions = {},
    ): Promise<Authentication> {
        const build = async () => ({ ...rest(params, ['certificate']), ...choice(params) });
        return (await this.#request('auth.authenticate', build, options)).value as unknown as Authentication;
    }

    async signRaw(
        params: { document: Document; algorithm?: SignatureAlgorithm } & SigningChoice,
        options: RequestOptions = {},
    ): Promise<RawSignature> {
        const build: Build = async (planner) => ({
            ...rest(params, ['certificate', 'document']),
            ...choice(params),
            document: await planner.document(params.document),
        });
        return (await this.#request('sign.raw', build, options)).value as unknown as RawSignature;
    }

    /** A CMS signature; detached by default. */
    async signCms(
        params: {
            document: ContentDocument;
            digestAlgorithm?: DigestAlgorithm;
            detached?: boolean;
            signingTime?: boolean;
        } & SigningChoice,
        options: RequestOptions = {},
    ): Promise<{ cms: ResultContent; certificate: Certificate }> {
        const build: Build = async (planner) => ({
            ...rest(params, ['certificate', 'document']),
            ...choice(params),
            document: await planner.document(params.document),
        });
        const result = await this.#request('sign.cms', build, options);
        return { cms: contentOf(result, 'cms'), certificate: result.value['certificate'] as Certificate };
    }

    /** Signs exactly this list under one decision of the person; all or nothing. */
    async signBatch(
        params: {
            format: 'raw' | 'cms';
            items: { id: string; document: Document }[];
            algorithm?: SignatureAlgorithm;
            digestAlgorithm?: DigestAlgorithm;
            signingTime?: boolean;
        } & SigningChoice,
        options: RequestOptions = {},
    ): Promise<BatchResult> {
        if (params.items.length < 1 || params.items.length > batchItems) {
            throw new MohrError('limit_exceeded', 'a batch has 1 to 500 items', { limit: 'batch', max: batchItems });
        }
        const build: Build = async (planner) => {
            const items: Record<string, unknown>[] = [];
            for (const { id, document } of params.items) items.push({ id, document: await planner.document(document) });
            return { ...rest(params, ['certificate', 'items']), ...choice(params), items };
        };
        const result = await this.#request('sign.batch', build, options);
        if (!result.download) return result.value as unknown as BatchResult;
        // A list too long for one message comes as a stream of its JSON.
        const { certificate, algorithm } = result.value as unknown as BatchResult;
        return { results: await listOf(ResultContent.fromDownload(result.download)), certificate, algorithm };
    }

    /** Seals content to the holders of these certificates (base64 DER). Nobody is asked: only public keys are used. */
    async encryptCms(
        params: { document: ContentDocument; recipients: string[] },
        options: RequestOptions = {},
    ): Promise<{ cms: ResultContent }> {
        const build: Build = async (planner) => ({
            recipients: params.recipients,
            document: await planner.document(params.document),
        });
        return { cms: contentOf(await this.#request('encrypt.cms', build, options), 'cms') };
    }

    /** Opens an envelope after the person's decision. `authenticated` false: its content may have been altered. */
    async decryptCms(
        params: { cms: Content; name?: string },
        options: RequestOptions = {},
    ): Promise<{ data: ResultContent; authenticated: boolean }> {
        const build: Build = async (planner) => ({
            ...rest(params, ['cms']),
            ...(await planner.place(params.cms, 'cms')),
        });
        const result = await this.#request('decrypt.cms', build, options);
        return { data: contentOf(result, 'data'), authenticated: result.value['authenticated'] === true };
    }

    async generateKey(
        params: { algorithm?: KeyAlgorithm; subject?: string; label?: string } = {},
        options: RequestOptions = {},
    ): Promise<GeneratedKey> {
        return (await this.#request('keys.generate', async () => params, options)).value as unknown as GeneratedKey;
    }

    /** DER, PEM or PKCS#7 as base64; matched to the key by its public key. */
    async importCertificate(certificate: string, options: RequestOptions = {}): Promise<Certificate> {
        const { value } = await this.#request('certificates.import', async () => ({ certificate }), options);
        return value['certificate'] as Certificate;
    }

    /** Checks a CMS signature inside the service. A server has to check for itself: see docs/integration.md. */
    async verify(
        params: { cms: Content; document?: ContentDocument; trustAnchors?: string[] },
        options: RequestOptions = {},
    ): Promise<Verification> {
        const build: Build = async (planner) => ({
            ...rest(params, ['cms', 'document']),
            ...(await planner.place(params.cms, 'cms')),
            ...(params.document ? { document: await planner.document(params.document) } : {}),
        });
        return (await this.#request('verify', build, options)).value as unknown as Verification;
    }

    async #request(method: string, build: Build, options: RequestOptions): Promise<CallResult> {
        const connection = await this.#link.connect(options.signal);
        await this.#ensureAccess(options);
        const planner = new Planner(connection);
        const stop = new AbortController();
        const onAbort = () => stop.abort(options.signal?.reason);
        const release = () => options.signal?.removeEventListener('abort', onAbort);
        options.signal?.addEventListener('abort', onAbort, { once: true });
        if (options.signal?.aborted) onAbort();
        try {
            const params = await this.#build(build, planner, connection);
            const uploads = this.#upload(connection, planner, options, stop.signal);
            // A source that cannot be read must also end the call, which waits for those bytes.
            uploads.catch((error: unknown) => stop.abort(error));
            const result = await connection.call(method, params, {
                ...consentOf(options),
                signal: stop.signal,
                onProgress: (done, total) => options.onProgress?.({ phase: 'service', done, total }),
            });
            if (!result.download) {
                await uploads;
                release();
                return result;
            }
            // The service may hand its result out while it still takes the content in.
            uploads.catch((error: unknown) => result.download?.fail(error as MohrError));
            result.download.onEnd = (gaveUp) => {
                release();
                if (gaveUp) stop.abort(new MohrError('cancelled', 'the result is not wanted any more'));
            };
            return result;
        } catch (error) {
            release();
            // Where we cancelled the call ourselves, the reason says more than the service's "cancelled".
            const reason: unknown = stop.signal.reason;
            stop.abort(error);
            throw reason instanceof MohrError && (error as MohrError).code === 'cancelled' ? reason : error;
        }
    }

    async #build(build: Build, planner: Planner, connection: Connection): Promise<Record<string, unknown>> {
        try {
            return await build(planner);
        } catch (error) {
            for (const { stream } of planner.uploads) connection.closeStream(stream);
            throw error;
        }
    }

    async #upload(
        connection: Connection,
        planner: Planner,
        options: RequestOptions,
        signal: AbortSignal,
    ): Promise<void> {
        const sent = planner.uploads.map(() => 0);
        await Promise.all(
            planner.uploads.map(({ stream, content }, at) =>
                connection.upload(
                    stream,
                    content,
                    (bytes) => {
                        sent[at] = bytes;
                        const done = sent.reduce((sum, value) => sum + value, 0);
                        options.onProgress?.({ phase: 'upload', done, total: planner.total });
                    },
                    signal,
                ),
            ),
        );
    }

    async #ensureAccess(options: RequestOptions): Promise<void> {
        const state = this.#link.state;
        if (!this.#requestAccess || state.name !== 'open' || state.info.access !== 'undecided') return;
        // Calls that start together share one question.
        this.#asking ??= this.requestAccess(options).finally(() => (this.#asking = undefined));
        await this.#asking;
    }
}

function consentOf(options: RequestOptions) {
    return { signal: options.signal, onConsent: options.onConsent };
}

function choice({ certificate }: SigningChoice): Record<string, unknown> {
    if (certificate === undefined) return {};
    return { certificate: typeof certificate === 'string' ? certificate : certificate.handle };
}

/** The members that go to the service as they are; undefined ones are left out, because it refuses them. */
function rest(params: object, without: string[]): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(params).filter(([name, value]) => value !== undefined && !without.includes(name)),
    );
}

async function listOf(content: ResultContent): Promise<BatchResult['results']> {
    const text = await content.text();
    try {
        const list: unknown = JSON.parse(text);
        if (Array.isArray(list)) return list as BatchResult['results'];
    } catch {
        // said below
    }
    throw new MohrError('protocol_violation', 'the streamed results are no list');
}

function contentOf(result: CallResult, member: string): ResultContent {
    if (result.download) return ResultContent.fromDownload(result.download);
    const value = result.value[member];
    if (typeof value !== 'string') throw new MohrError('protocol_violation', `the result has no ${member}`);
    return ResultContent.fromBase64(value);
}
