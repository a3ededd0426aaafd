// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Each flow twice: as existing portals have it, and what replaces it. The page shows these very functions.
import { fromBase64, toBase64 } from '/client/index.js';
import { logIn } from './actions.js';

// A: contracts. The server holds the document and hands out bytes that the person never sees.
function legacyContract({ dastine, backend, done, fail }) {
    dastine.Reset(() => {
        dastine.SelectCertificateFromTokenByUI(null, null, () => {
            dastine.GetSelectedCertificate((event) => {
                const certificate = event.data.Result;
                if (certificate === '11') return fail(certificate);
                const asked = { certificate, hash: 'SHA1' };
                const prepared = backend.post('/api/legacy/prepare', asked);
                prepared.then(({ id, digest }) => {
                    dastine.Sign(digest, 'SHA1', (event) => {
                        const signature = event.data.Result;
                        if (signature === '18') return fail(signature);
                        if (signature === '14') return fail(signature);
                        const signed = { id, signature };
                        backend.post('/api/legacy/finish', signed).then(done, fail);
                    });
                }, fail);
            });
        });
    });
}

async function modernContract({ mohr, backend, options }) {
    const contract = await backend.get('/api/legacy/contract');
    const content = fromBase64(contract.content);
    const mediaType = 'text/plain';
    const document = { name: contract.name, mediaType, content };
    const { cms } = await mohr.signCms({ document }, options);
    const signed = { cms: await cms.base64() };
    return backend.post('/api/legacy/contract', signed);
}

// A: sealed tender files. For every file a content key and an IV come out of the token into the page.
function legacyTender({ dastine, backend, tender, done, fail }) {
    const keys = [];
    const next = () => {
        const file = tender.files[keys.length];
        if (file === undefined) {
            const opened = { id: tender.id, keys };
            backend.post('/api/legacy/opened', opened).then(done, fail);
            return;
        }
        dastine.CmsDecrypt(file.key, (event) => {
            const key = event.data.Result;
            if (key === '60') return fail(key);
            dastine.CmsDecrypt(file.iv, (event) => {
                const iv = event.data.Result;
                if (iv === '60') return fail(iv);
                keys.push({ key, iv });
                next();
            });
        });
    };
    next();
}

async function modernTender({ mohr, backend, tender, options }) {
    const contents = [];
    for (const { name, envelope } of tender.files) {
        const sealed = { cms: fromBase64(envelope), name };
        const { data } = await mohr.decryptCms(sealed, options);
        contents.push(toBase64(await data.bytes()));
    }
    const opened = { id: tender.id, contents };
    return backend.post('/api/legacy/opened', opened);
}

// B: listings. The portal looks at the certificate first; the digest is signed as it is.
function legacyListing({ dastine, backend, done, fail }) {
    dastine.SelectCertificateFromTokenByUI('', '', (event) => {
        if (event.data.Result != 0) return fail(event.data.Result);
        dastine.GetSelectedCertificate((event) => {
            const certificate = event.data.Result;
            const asked = { certificate, hash: '' };
            const prepared = backend.post('/api/legacy/prepare', asked);
            prepared.then(({ id, digest }) => {
                dastine.Sign(digest, '', (event) => {
                    const signature = event.data.Result;
                    if (signature == 14) return fail(signature);
                    const signed = { id, signature };
                    backend.post('/api/legacy/finish', signed).then(done, fail);
                });
            }, fail);
        });
    });
}

async function modernListing({ mohr, backend, options }) {
    const certificate = await mohr.selectCertificate('sign', options);
    const chosen = { certificate: certificate.certificate };
    const contract = await backend.post('/api/legacy/validate', chosen);
    const content = fromBase64(contract.content);
    const mediaType = 'text/plain';
    const document = { name: contract.name, mediaType, content };
    const { cms } = await mohr.signCms({ document, certificate }, options);
    const signed = { cms: await cms.base64() };
    return backend.post('/api/legacy/contract', signed);
}

// C: foreign trade. A login by a signature over bare bytes, which another site could have asked for just as well.
function legacyLogin({ dastine, backend, done, fail }) {
    dastine.Reset(() => {
        dastine.SelectCertificateFromWindowsByUI('', '', (event) => {
            if (event.data.Result !== '0') return fail(event.data.Result);
            dastine.GetSelectedCertificate((event) => {
                const certificate = event.data.Result;
                backend.post('/api/challenge').then(({ challenge }) => {
                    dastine.CmsSign(challenge, 'SHA1', undefined, (event) => {
                        const cms = event.data.Result;
                        if (cms.length <= 3) return fail(cms);
                        const login = { challenge, cms, certificate };
                        backend.post('/api/legacy/login', login).then(done, fail);
                    });
                }, fail);
            });
        });
    });
}

// D: levies. Signs at once and selects only where it is told that nothing is selected.
function legacyLevy({ dastine, backend, text, done, fail }) {
    const content = toBase64(new TextEncoder().encode(text));
    const sign = (otherwise) =>
        dastine.CmsSign(content, false, 'SHA1', (event) => {
            const cms = event.data.Result;
            if (cms === '11' || cms === '10') return otherwise(cms);
            if (cms.length === 2) return fail(cms);
            backend.post('/api/verify', { cms, content }).then(done, fail);
        });
    sign(() => {
        dastine.SelectCertificateFromTokenByUI('', '', (event) => {
            if (event.data.Result.length === 2) return fail(event.data.Result);
            dastine.GetSelectedCertificate(() => sign(fail));
        });
    });
}

async function modernLevy({ mohr, backend, text, options }) {
    const content = new TextEncoder().encode(text);
    const mediaType = 'text/plain';
    const document = { name: 'levy.txt', mediaType, content };
    const { cms } = await mohr.signCms({ document }, options);
    const signed = { cms: await cms.base64(), content: toBase64(content) };
    return backend.post('/api/verify', signed);
}

/** By the name of their tab. */
export const flows = {
    contract: { legacy: legacyContract, modern: modernContract },
    tender: { legacy: legacyTender, modern: modernTender, sealed: true },
    listing: { legacy: legacyListing, modern: modernListing },
    login: { legacy: legacyLogin, modern: logIn },
    levy: { legacy: legacyLevy, modern: modernLevy },
};
